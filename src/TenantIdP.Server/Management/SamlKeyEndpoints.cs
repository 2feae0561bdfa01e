using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Federation.Saml;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class SamlKeyEndpoints
{
    public static void MapSamlKeys(this RouteGroupBuilder api)
    {
        var keys = api.MapGroup("/saml/keys").WithTags("SAML keys").RequireInstance();
        keys.MapGet("/", ListAsync).WithName("ListSamlKeys");
        keys.MapPost("/", CreateAsync).WithName("CreateSamlKeys");
        keys.MapPost("/rotate", RotateAsync).WithName("RotateSamlKeys");
    }

    public static void MapConnectionKeys(this RouteGroupBuilder organization)
    {
        organization.MapGet("/connections/{connectionId}/keys", ListOfConnectionAsync).WithTags("Connections").WithName("ListConnectionKeys").RequireOrganization(Permission.ConnectionsRead);
        organization.MapPost("/connections/{connectionId}/keys/rotate", RotateOfConnectionAsync).WithTags("Connections").WithName("RotateConnectionKeys").RequireOrganization(Permission.ConnectionsWrite);
    }

    private static async Task<Ok<ListResponse<SamlKeyResponse>>> ListAsync(ServiceProviderKeys keys, CancellationToken ct) =>
        TypedResults.Ok(SamlKeyResponse.From(await keys.ListAsync(Organization.Instance, null, ct)));

    /// <summary>Makes the first keys before anything asks for them; does nothing when there are some.</summary>
    private static async Task<Ok<ListResponse<SamlKeyResponse>>> CreateAsync(ServiceProviderKeys keys, CancellationToken ct) =>
        TypedResults.Ok(SamlKeyResponse.From(await keys.EnsureInstanceAsync(ct)));

    private static async Task<Results<Ok<ListResponse<SamlKeyResponse>>, ProblemHttpResult>> RotateAsync(ServiceProviderKeys keys, CancellationToken ct) =>
        (await keys.RotateAsync(Organization.Instance, null, ct)).ToOk(SamlKeyResponse.From);

    private static async Task<Results<Ok<ListResponse<SamlKeyResponse>>, ProblemHttpResult>> ListOfConnectionAsync(
        Id<Organization> organizationId, Id<Connection> connectionId, ConnectionService connections, ServiceProviderKeys keys, CancellationToken ct)
    {
        var found = await connections.FindAsync(organizationId, connectionId, ct);
        return found.IsOk ? TypedResults.Ok(SamlKeyResponse.From(await keys.ListAsync(organizationId, connectionId, ct))) : Problems.From(found.Error);
    }

    private static async Task<Results<Ok<ListResponse<SamlKeyResponse>>, ProblemHttpResult>> RotateOfConnectionAsync(
        Id<Organization> organizationId, Id<Connection> connectionId, ServiceProviderKeys keys, CancellationToken ct) =>
        (await keys.RotateAsync(organizationId, connectionId, ct)).ToOk(SamlKeyResponse.From);
}

/// <param name="Certificate">PEM.</param>
/// <param name="ActivatesAt">From when on it signs; published before.</param>
/// <param name="RetiresAt">Until when it is published and decrypts; null while nothing follows it.</param>
public sealed record SamlKeyResponse(
    Id<ServiceProviderKey> Id, KeyUse Use, string Certificate, DateTimeOffset CreatedAt, DateTimeOffset ActivatesAt, DateTimeOffset NotAfter, DateTimeOffset? RetiresAt)
{
    internal static ListResponse<SamlKeyResponse> From(IReadOnlyList<ServiceProviderKey> keys) => new([.. keys.Select(From)], null);

    private static SamlKeyResponse From(ServiceProviderKey k) =>
        new(k.Id, k.Use, Certificates.ToPem(Convert.FromBase64String(k.Certificate)), k.CreatedAt, k.ActivatesAt, k.NotAfter, k.RetiresAt);
}
