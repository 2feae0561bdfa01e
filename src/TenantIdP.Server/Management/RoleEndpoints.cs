using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>Roles of the instance and roles of one organization: the same resource, twice.</summary>
internal static class RoleEndpoints
{
    private const string Replacing = "A role that somebody has is deleted only with `replaceWith`, the key of the role that takes its place with everybody, from the same source, in one transaction.";
    private const string Impact = "Who holds the role, and what its holders would gain and lose if its own permissions were those of `permission` (repeatable; left out: as they are).";

    public static void MapRoles(this RouteGroupBuilder api)
    {
        var roles = api.MapGroup("/roles").WithTags("Roles").RequireInstance();

        roles.MapGet("/", ([AsParameters] RoleQuery wanted, [AsParameters] SortQuery sort, [AsParameters] PageQuery query, RoleService roles, CancellationToken ct) =>
            ListAsync(Organization.Instance, wanted, sort, query, roles, ct)).WithName("ListInstanceRoles");
        roles.MapPost("/", (CreateRoleRequest request, RoleService roles, ManagementCaller caller, CancellationToken ct) =>
            CreateAsync(Organization.Instance, $"{ManagementEndpoints.Path}/roles", request, roles, caller, ct)).WithName("CreateInstanceRole");
        roles.MapGet("/{roleId}", (Id<Role> roleId, RoleService roles, CancellationToken ct) => FindAsync(Organization.Instance, roleId, roles, ct)).WithName("GetInstanceRole");
        roles.MapPatch("/{roleId}", (Id<Role> roleId, RoleChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, RoleService roles, ManagementCaller caller, CancellationToken ct) =>
            UpdateAsync(Organization.Instance, roleId, changes, ifMatch, roles, caller, ct)).WithName("UpdateInstanceRole");
        roles.MapDelete("/{roleId}", (Id<Role> roleId, string? replaceWith, RoleService roles, RoleReplacement replacement, ManagementCaller caller, CancellationToken ct) =>
            DeleteAsync(Organization.Instance, roleId, replaceWith, roles, replacement, caller, ct)).WithName("DeleteInstanceRole").WithDescription(Replacing);
        roles.MapGet("/{roleId}/impact", (Id<Role> roleId, [FromQuery(Name = "permission")] string[]? permissions, RoleReplacement replacement, CancellationToken ct) =>
            ImpactAsync(Organization.Instance, roleId, permissions, replacement, ct)).WithName("GetInstanceRoleImpact").WithDescription(Impact);
    }

    public static void MapOrganizationRoles(this RouteGroupBuilder organization)
    {
        var read = organization.MapGroup("/roles").WithTags("Roles").RequireOrganization(Permission.RolesRead);
        read.MapGet("/", ListAsync).WithName("ListRoles");
        read.MapGet("/{roleId}", FindAsync).WithName("GetRole");
        read.MapGet("/{roleId}/impact", (Id<Organization> organizationId, Id<Role> roleId, [FromQuery(Name = "permission")] string[]? permissions, RoleReplacement replacement, CancellationToken ct) =>
            ImpactAsync(organizationId, roleId, permissions, replacement, ct)).WithName("GetRoleImpact").WithDescription(Impact);

        var write = organization.MapGroup("/roles").WithTags("Roles").RequireOrganization(Permission.RolesWrite);
        write.MapPost("/", (Id<Organization> organizationId, CreateRoleRequest request, RoleService roles, ManagementCaller caller, CancellationToken ct) =>
            CreateAsync(organizationId, $"{ManagementEndpoints.Path}/organizations/{organizationId}/roles", request, roles, caller, ct)).WithName("CreateRole");
        write.MapPatch("/{roleId}", UpdateAsync).WithName("UpdateRole");
        write.MapDelete("/{roleId}", DeleteAsync).WithName("DeleteRole").WithDescription(Replacing);
    }

    private static Task<Results<Ok<ListResponse<RoleResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, [AsParameters] RoleQuery wanted, [AsParameters] SortQuery sort, [AsParameters] PageQuery query, RoleService roles, CancellationToken ct) =>
        query.AnswerAsync(sort, page => roles.ListAsync(organizationId, new RoleFilter(wanted.Key, wanted.Custom), page, ct), RoleResponse.From);

    private static async Task<Results<Created<RoleResponse>, ProblemHttpResult>> CreateAsync(
        Id<Organization> owner, string collection, CreateRoleRequest request, RoleService roles, ManagementCaller caller, CancellationToken ct)
    {
        var created = await roles.CreateAsync(owner, request.ToNew(), caller.Granter, ct);
        return created.ToCreated(RoleResponse.From, r => $"{collection}/{r.Id}");
    }

    private static async Task<Results<Ok<RoleResponse>, ProblemHttpResult>> FindAsync(Id<Organization> organizationId, Id<Role> roleId, RoleService roles, CancellationToken ct) =>
        (await roles.FindAsync(organizationId, roleId, ct)).ToOk(RoleResponse.From);

    private static async Task<Results<Ok<RoleResponse>, ProblemHttpResult>> UpdateAsync(
        Id<Organization> organizationId, Id<Role> roleId, RoleChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, RoleService roles, ManagementCaller caller, CancellationToken ct) =>
        (await roles.UpdateAsync(organizationId, roleId, changes, caller.Granter, EntityTags.Expected(ifMatch), ct)).ToOk(RoleResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        Id<Organization> organizationId, Id<Role> roleId, string? replaceWith, RoleService roles, RoleReplacement replacement, ManagementCaller caller, CancellationToken ct) =>
        (await (replaceWith is null ? roles.DeleteAsync(organizationId, roleId, caller.Granter, ct) : replacement.ReplaceAsync(organizationId, roleId, replaceWith, caller.Granter, ct))).ToNoContent();

    private static async Task<Results<Ok<RoleImpactResponse>, ProblemHttpResult>> ImpactAsync(
        Id<Organization> owner, Id<Role> roleId, string[]? permissions, RoleReplacement replacement, CancellationToken ct) =>
        (await replacement.ImpactAsync(owner, roleId, permissions is { Length: > 0 } ? permissions : null, ct)).ToOk(RoleImpactResponse.From);
}

public sealed record RoleQuery
{
    /// <summary>The role with this key.</summary>
    public string? Key { get; init; }

    /// <summary><c>true</c>: without the built-in four; <c>false</c>: these only.</summary>
    public bool? Custom { get; init; }
}

/// <param name="Permissions">Its own; what it inherits comes with `extends`.</param>
/// <param name="Extends">The key of the role whose permissions it has, too: of this organization or of the instance, at most five in a row.</param>
/// <param name="AssignableBy">Keys of roles; only who holds one of them, and owners, may give or take this role. Left out: whoever holds all its permissions may.</param>
public sealed record CreateRoleRequest(
    [property: Required, MaxLength(63)] string Key, [property: Required] string DisplayName, [property: MaxLength(200)] IReadOnlyList<string>? Permissions = null,
    [property: MaxLength(63)] string? Extends = null, [property: MaxLength(20)] IReadOnlyList<string>? AssignableBy = null)
{
    internal NewRole ToNew() => new(Key, DisplayName, Permissions ?? [], Extends) { AssignableBy = AssignableBy ?? [] };
}

/// <param name="Members">Who hold it or a role that extends it, from whatever source.</param>
/// <param name="Roles">How many extend it, directly or not.</param>
/// <param name="Connections">How many give it, by default or by a rule.</param>
/// <param name="GroupMappings">How many mappings of directories' groups give it.</param>
public sealed record RoleImpactResponse(int Members, int Roles, int Organizations, int Connections, int GroupMappings, IReadOnlyList<string> Added, IReadOnlyList<string> Removed)
{
    internal static RoleImpactResponse From(RoleImpact i) => new(i.Members, i.Roles, i.Organizations, i.Connections, i.GroupMappings, i.Added, i.Removed);
}

/// <param name="OrganizationId">Null for a role of the instance, which every organization has.</param>
/// <param name="Permissions">Its own.</param>
/// <param name="EffectivePermissions">Its own and those it inherits: what its holders have.</param>
/// <param name="Extends">The key of the role whose permissions it has, too.</param>
/// <param name="AssignableBy">Only who holds one of these roles, and owners, may give or take it; empty: whoever holds all its permissions may.</param>
public sealed record RoleResponse(
    Id<Role> Id, Id<Organization>? OrganizationId, string Key, string DisplayName, IReadOnlyList<string> Permissions, IReadOnlyList<string> EffectivePermissions, string? Extends,
    IReadOnlyList<string> AssignableBy, bool BuiltIn, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version)
    : IVersionedResponse
{
    internal static RoleResponse From(Role r) =>
        new(r.Id, r.OrganizationId == Organization.Instance ? null : r.OrganizationId, r.Key, r.DisplayName, r.OwnPermissions, r.Permissions, r.Extends, r.AssignableBy, r.IsBuiltIn, r.CreatedAt, r.UpdatedAt, r.Version);
}
