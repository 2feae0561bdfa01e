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
    public static void MapRoles(this RouteGroupBuilder api)
    {
        var roles = api.MapGroup("/roles").WithTags("Roles").RequireInstance();

        roles.MapGet("/", ([AsParameters] PageQuery query, RoleService roles, CancellationToken ct) => ListAsync(Organization.Instance, query, roles, ct)).WithName("ListInstanceRoles");
        roles.MapPost("/", (CreateRoleRequest request, RoleService roles, ManagementCaller caller, CancellationToken ct) =>
            CreateAsync(Organization.Instance, $"{ManagementEndpoints.Path}/roles", request, roles, caller, ct)).WithName("CreateInstanceRole");
        roles.MapGet("/{roleId}", (Id<Role> roleId, RoleService roles, CancellationToken ct) => FindAsync(Organization.Instance, roleId, roles, ct)).WithName("GetInstanceRole");
        roles.MapPatch("/{roleId}", (Id<Role> roleId, RoleChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, RoleService roles, ManagementCaller caller, CancellationToken ct) =>
            UpdateAsync(Organization.Instance, roleId, changes, ifMatch, roles, caller, ct)).WithName("UpdateInstanceRole");
        roles.MapDelete("/{roleId}", (Id<Role> roleId, RoleService roles, ManagementCaller caller, CancellationToken ct) =>
            DeleteAsync(Organization.Instance, roleId, roles, caller, ct)).WithName("DeleteInstanceRole");
    }

    public static void MapOrganizationRoles(this RouteGroupBuilder organization)
    {
        var read = organization.MapGroup("/roles").WithTags("Roles").RequireOrganization(Permission.RolesRead);
        read.MapGet("/", ListAsync).WithName("ListRoles");
        read.MapGet("/{roleId}", FindAsync).WithName("GetRole");

        var write = organization.MapGroup("/roles").WithTags("Roles").RequireOrganization(Permission.RolesWrite);
        write.MapPost("/", (Id<Organization> organizationId, CreateRoleRequest request, RoleService roles, ManagementCaller caller, CancellationToken ct) =>
            CreateAsync(organizationId, $"{ManagementEndpoints.Path}/organizations/{organizationId}/roles", request, roles, caller, ct)).WithName("CreateRole");
        write.MapPatch("/{roleId}", UpdateAsync).WithName("UpdateRole");
        write.MapDelete("/{roleId}", DeleteAsync).WithName("DeleteRole");
    }

    private static Task<Results<Ok<ListResponse<RoleResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, [AsParameters] PageQuery query, RoleService roles, CancellationToken ct) =>
        query.AnswerAsync(page => roles.ListAsync(organizationId, page, ct), RoleResponse.From);

    private static async Task<Results<Created<RoleResponse>, ProblemHttpResult>> CreateAsync(
        Id<Organization> owner, string collection, CreateRoleRequest request, RoleService roles, ManagementCaller caller, CancellationToken ct)
    {
        var created = await roles.CreateAsync(owner, new NewRole(request.Key, request.DisplayName, request.Permissions ?? []), caller.Granter, ct);
        return created.ToCreated(RoleResponse.From, r => $"{collection}/{r.Id}");
    }

    private static async Task<Results<Ok<RoleResponse>, ProblemHttpResult>> FindAsync(Id<Organization> organizationId, Id<Role> roleId, RoleService roles, CancellationToken ct) =>
        (await roles.FindAsync(organizationId, roleId, ct)).ToOk(RoleResponse.From);

    private static async Task<Results<Ok<RoleResponse>, ProblemHttpResult>> UpdateAsync(
        Id<Organization> organizationId, Id<Role> roleId, RoleChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, RoleService roles, ManagementCaller caller, CancellationToken ct) =>
        (await roles.UpdateAsync(organizationId, roleId, changes, caller.Granter, EntityTags.Expected(ifMatch), ct)).ToOk(RoleResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        Id<Organization> organizationId, Id<Role> roleId, RoleService roles, ManagementCaller caller, CancellationToken ct) =>
        (await roles.DeleteAsync(organizationId, roleId, caller.Granter, ct)).ToNoContent();
}

public sealed record CreateRoleRequest([property: Required, MaxLength(63)] string Key, [property: Required] string DisplayName, [property: MaxLength(200)] IReadOnlyList<string>? Permissions = null);

/// <param name="OrganizationId">Null for a role of the instance, which every organization has.</param>
public sealed record RoleResponse(
    Id<Role> Id, Id<Organization>? OrganizationId, string Key, string DisplayName, IReadOnlyList<string> Permissions, bool BuiltIn, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version)
    : IVersionedResponse
{
    internal static RoleResponse From(Role r) =>
        new(r.Id, r.OrganizationId == Organization.Instance ? null : r.OrganizationId, r.Key, r.DisplayName, r.Permissions, r.IsBuiltIn, r.CreatedAt, r.UpdatedAt, r.Version);
}
