using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class ConnectionEndpoints
{
    public static void MapConnections(this RouteGroupBuilder organization)
    {
        var read = organization.MapGroup("/connections").WithTags("Connections").RequireOrganization(Permission.ConnectionsRead);
        read.MapGet("/", ListAsync).WithName("ListConnections");
        read.MapGet("/{connectionId}", FindAsync).WithName("GetConnection");

        var write = organization.MapGroup("/connections").WithTags("Connections").RequireOrganization(Permission.ConnectionsWrite);
        write.MapPost("/", CreateAsync).WithName("CreateConnection");
        write.MapPatch("/{connectionId}", UpdateAsync).WithName("UpdateConnection");
        write.MapDelete("/{connectionId}", DeleteAsync).WithName("DeleteConnection");
        write.MapPost("/{connectionId}/activate", ActivateAsync).WithName("ActivateConnection");
        write.MapPost("/{connectionId}/disable", DisableAsync).WithName("DisableConnection");
    }

    private static Task<Results<Ok<ListResponse<ConnectionResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, [AsParameters] PageQuery query, ConnectionService connections, CancellationToken ct) =>
        query.AnswerAsync(page => connections.ListAsync(organizationId, page, ct), ConnectionResponse.From);

    private static async Task<Results<Ok<ConnectionResponse>, ProblemHttpResult>> FindAsync(
        Id<Organization> organizationId, Id<Connection> connectionId, ConnectionService connections, CancellationToken ct) =>
        (await connections.FindAsync(organizationId, connectionId, ct)).ToOk(ConnectionResponse.From);

    private static async Task<Results<Created<ConnectionResponse>, ProblemHttpResult>> CreateAsync(
        Id<Organization> organizationId, CreateConnectionRequest request, ConnectionService connections, ManagementCaller caller, CancellationToken ct)
    {
        var created = await connections.CreateOidcAsync(organizationId, request.ToNew(), caller.Granter, ct);
        return created.ToCreated(ConnectionResponse.From, c => $"{ManagementEndpoints.Path}/organizations/{organizationId}/connections/{c.Id}");
    }

    private static async Task<Results<Ok<ConnectionResponse>, ProblemHttpResult>> UpdateAsync(
        Id<Organization> organizationId, Id<Connection> connectionId, OidcConnectionChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, ConnectionService connections,
        ManagementCaller caller, CancellationToken ct) =>
        (await connections.UpdateOidcAsync(organizationId, connectionId, changes, caller.Granter, EntityTags.Expected(ifMatch), ct)).ToOk(ConnectionResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        Id<Organization> organizationId, Id<Connection> connectionId, ConnectionService connections, CancellationToken ct) =>
        (await connections.DeleteAsync(organizationId, connectionId, ct)).ToNoContent();

    private static async Task<Results<Ok<ConnectionResponse>, ProblemHttpResult>> ActivateAsync(
        Id<Organization> organizationId, Id<Connection> connectionId, ActivateConnectionRequest? request, ConnectionService connections, ManagementCaller caller, CancellationToken ct) =>
        (await connections.ActivateAsync(organizationId, connectionId, request?.UntestedReason, caller.Granter, ct)).ToOk(ConnectionResponse.From);

    private static async Task<Results<Ok<ConnectionResponse>, ProblemHttpResult>> DisableAsync(
        Id<Organization> organizationId, Id<Connection> connectionId, ConnectionService connections, CancellationToken ct) =>
        (await connections.DisableAsync(organizationId, connectionId, ct)).ToOk(ConnectionResponse.From);
}

/// <param name="ClientSecret">Stored sealed and never shown again.</param>
/// <param name="SubjectClaim">The claim that never changes for a person: <c>sub</c> (the default), <c>oid</c> for Microsoft Entra ID, or <c>user_id</c>.</param>
/// <param name="DefaultRole">Key of the role of people who join by signing in; never owner or admin.</param>
public sealed record CreateConnectionRequest(
    [property: Required] string DisplayName, [property: Required, MaxLength(512)] string Issuer, [property: Required, MaxLength(400)] string ClientId, string? ClientSecret = null,
    ConnectionKind Kind = ConnectionKind.Oidc, IReadOnlyList<string>? Scopes = null, string? SubjectClaim = null, string? TenantId = null, JitMode Jit = JitMode.On, string? DefaultRole = null,
    bool TrustEmail = false, bool AllowOutsideDomains = false)
{
    internal NewOidcConnection ToNew() => new(DisplayName, Issuer, ClientId, ClientSecret)
    {
        Scopes = Scopes, SubjectClaim = SubjectClaim, TenantId = TenantId, Jit = Jit, DefaultRole = DefaultRole ?? BuiltInRoles.Member, TrustEmail = TrustEmail, AllowOutsideDomains = AllowOutsideDomains,
    };
}

/// <param name="UntestedReason">For operators: why it goes without a test sign-in of its present settings.</param>
public sealed record ActivateConnectionRequest([property: MaxLength(800)] string? UntestedReason = null);

public sealed record ConnectionResponse(
    Id<Connection> Id, ConnectionKind Kind, ConnectionStatus Status, string DisplayName, string Issuer, string ClientId, bool HasClientSecret, IReadOnlyList<string> Scopes, string SubjectClaim,
    string? TenantId, JitMode Jit, string DefaultRole, bool TrustEmail, bool AllowOutsideDomains, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version) : IVersionedResponse
{
    internal static ConnectionResponse From(Connection c) =>
        new(c.Id, c.Kind, c.Status, c.DisplayName, c.Issuer, c.ClientId, c.ClientSecretSealed is not null, c.Scopes, c.SubjectClaim, c.TenantId, c.Jit, c.DefaultRoleKey, c.TrustEmail,
            c.AllowOutsideDomains, c.CreatedAt, c.UpdatedAt, c.Version);
}
