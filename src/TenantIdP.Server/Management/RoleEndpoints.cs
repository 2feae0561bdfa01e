using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>Roles of the instance and of one organization are the same resource under two owners; a route without an organization means the instance.</summary>
internal static class RoleEndpoints
{
    public static void MapRoles(this RouteGroupBuilder api)
    {
        var roles = api.MapGroup("/roles").WithTags("Roles").RequireInstance();

        roles.MapGet("/", ListAsync).WithName("ListInstanceRoles");
        roles.MapPost("/", CreateAsync).WithName("CreateInstanceRole");
        roles.MapGet("/{roleId}", FindAsync).WithName("GetInstanceRole");
        roles.MapPatch("/{roleId}", UpdateAsync).WithName("UpdateInstanceRole");
        roles.MapDelete("/{roleId}", DeleteAsync).WithName("DeleteInstanceRole");
    }

    public static void MapOrganizationRoles(this RouteGroupBuilder organization)
    {
        var read = organization.MapGroup("/roles").WithTags("Roles").RequireOrganization(Permission.RolesRead);
        read.MapGet("/", ListAsync).WithName("ListRoles");
        read.MapGet("/{roleId}", FindAsync).WithName("GetRole");

        var write = organization.MapGroup("/roles").WithTags("Roles").RequireOrganization(Permission.RolesWrite);
        write.MapPost("/", CreateAsync).WithName("CreateRole");
        write.MapPatch("/{roleId}", UpdateAsync).WithName("UpdateRole");
        write.MapDelete("/{roleId}", DeleteAsync).WithName("DeleteRole");
    }

    private static Task<Results<Ok<ListResponse<RoleResponse>>, ProblemHttpResult>> ListAsync(
        RoleOwner owner, [AsParameters] PageQuery query, RoleService roles, CancellationToken ct) =>
        query.AnswerAsync(page => roles.ListAsync(owner.Id, page, ct), RoleResponse.From);

    private static async Task<Results<Created<RoleResponse>, ProblemHttpResult>> CreateAsync(
        RoleOwner owner, CreateRoleRequest request, RoleService roles, ManagementCaller caller, CancellationToken ct)
    {
        var created = await roles.CreateAsync(owner.Id, new NewRole(request.Key, request.DisplayName, request.Permissions ?? []), caller.Granter, ct);
        var path = owner.Id == Organization.Instance ? "" : $"/organizations/{owner.Id}";
        return created.ToCreated(RoleResponse.From, r => $"{ManagementApi.Path}{path}/roles/{r.Id}");
    }

    private static async Task<Results<Ok<RoleResponse>, ProblemHttpResult>> FindAsync(RoleOwner owner, Id<Role> roleId, RoleService roles, CancellationToken ct) =>
        (await roles.FindAsync(owner.Id, roleId, ct)).ToOk(RoleResponse.From);

    private static async Task<Results<Ok<RoleResponse>, ProblemHttpResult>> UpdateAsync(
        RoleOwner owner, Id<Role> roleId, RoleChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, RoleService roles, ManagementCaller caller, CancellationToken ct) =>
        (await roles.UpdateAsync(owner.Id, roleId, changes, caller.Granter, EntityTags.Expected(ifMatch), ct)).ToOk(RoleResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        RoleOwner owner, Id<Role> roleId, RoleService roles, ManagementCaller caller, CancellationToken ct) =>
        (await roles.DeleteAsync(owner.Id, roleId, caller.Granter, ct)).ToNoContent();

    /// <summary>The organization of the path, or the instance where the path names none.</summary>
    internal readonly record struct RoleOwner(Id<Organization> Id)
    {
        public static ValueTask<RoleOwner> BindAsync(HttpContext context) =>
            new(new RoleOwner(Id<Organization>.TryParse(context.GetRouteValue(ManagementAccess.OrganizationParameter) as string, out var named) ? named : Organization.Instance));
    }
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
