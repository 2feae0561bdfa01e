using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>Keys for programs that act in one organization.</summary>
internal static class KeyEndpoints
{
    public static void MapKeys(this RouteGroupBuilder organization)
    {
        var keys = organization.MapGroup("/keys").WithTags("Keys");
        keys.MapGet("/", ListAsync).WithName("ListKeys").RequireOrganization(Permission.KeysRead);
        keys.MapGet("/{keyId}", FindAsync).WithName("GetKey").RequireOrganization(Permission.KeysRead);
        keys.MapPost("/", CreateAsync).WithName("CreateKey").RequireOrganization(Permission.KeysWrite)
            .WithErrors(RoleErrors.PermissionInvalid("resource:action"), RoleErrors.Escalation)
            .WithDescription("Makes a secret for `Authorization: Bearer` of this API, shown once. It acts in this organization only, and never does more than its maker may do at that moment; it ends with their membership.");
        keys.MapPatch("/{keyId}", UpdateAsync).WithName("UpdateKey").RequireOrganization(Permission.KeysWrite)
            .WithErrors(RoleErrors.PermissionInvalid("resource:action"), RoleErrors.Escalation);
        keys.MapDelete("/{keyId}", RevokeAsync).WithName("RevokeKey").RequireOrganization(Permission.KeysWrite);
    }

    private static Task<Results<Ok<ListResponse<KeyResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, [AsParameters] KeyQuery wanted, [AsParameters] SortQuery sort, [AsParameters] PageQuery query, KeyService keys, CancellationToken ct) =>
        query.AnswerAsync(sort, page => keys.ListAsync(organizationId, wanted.CreatedBy, page, ct), KeyResponse.From);

    private static async Task<Results<Ok<KeyResponse>, ProblemHttpResult>> FindAsync(Id<Organization> organizationId, Id<ApiKey> keyId, KeyService keys, CancellationToken ct) =>
        (await keys.FindAsync(organizationId, keyId, ct)).ToOk(KeyResponse.From);

    private static async Task<Results<Created<CreatedKeyResponse>, ProblemHttpResult>> CreateAsync(
        Id<Organization> organizationId, CreateKeyRequest request, KeyService keys, ManagementCaller caller, CancellationToken ct)
    {
        var made = await keys.CreateAsync(organizationId, new KeySettings(request.DisplayName, request.Permissions, request.ExpiresAt), caller.User, caller.Granter, ct);
        return made.ToCreated(CreatedKeyResponse.From, m => $"{ManagementEndpoints.Path}/organizations/{organizationId}/keys/{m.Key.Id}");
    }

    private static async Task<Results<Ok<KeyResponse>, ProblemHttpResult>> UpdateAsync(
        Id<Organization> organizationId, Id<ApiKey> keyId, KeyChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, KeyService keys, ManagementCaller caller, CancellationToken ct) =>
        (await keys.UpdateAsync(organizationId, keyId, changes, caller.User, caller.Granter, EntityTags.Expected(ifMatch), ct)).ToOk(KeyResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> RevokeAsync(Id<Organization> organizationId, Id<ApiKey> keyId, KeyService keys, CancellationToken ct) =>
        (await keys.RevokeAsync(organizationId, keyId, ct)).ToNoContent();
}

public sealed record KeyQuery
{
    /// <summary>The member who made it.</summary>
    public Id<User>? CreatedBy { get; init; }
}

/// <param name="Permissions">1 to 50, each held by the caller; none that controls sign-in, apps or keys.</param>
/// <param name="ExpiresAt">Within ten years; left out: never.</param>
public sealed record CreateKeyRequest([property: Required] string DisplayName, [property: Required] IReadOnlyList<string> Permissions, DateTimeOffset? ExpiresAt = null);

/// <param name="Prefix">How the secret begins.</param>
/// <param name="CreatedBy">The member whose end is the key's end; null for a key that an operator's app made.</param>
/// <param name="LastUsedAt">To within five minutes.</param>
public sealed record KeyResponse(
    Id<ApiKey> Id, string DisplayName, string Prefix, IReadOnlyList<string> Permissions, Id<User>? CreatedBy, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt, int Version) : IVersionedResponse
{
    internal static KeyResponse From(ApiKey k) => new(k.Id, k.DisplayName, k.Prefix, k.Permissions, k.CreatedBy, k.ExpiresAt, k.LastUsedAt, k.CreatedAt, k.UpdatedAt, k.Version);
}

/// <param name="Secret">Shown here and never again.</param>
public sealed record CreatedKeyResponse(KeyResponse Key, string Secret)
{
    internal static CreatedKeyResponse From(MadeKey m) => new(KeyResponse.From(m.Key), m.Secret);
}
