using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>The tiers of a plan: which roles of the instance an organization sees and gives.</summary>
internal static class RoleSetEndpoints
{
    public static void MapRoleSets(this RouteGroupBuilder api)
    {
        var sets = api.MapGroup("/role-sets").WithTags("Role sets").RequireInstance();

        sets.MapGet("/", ListAsync).WithName("ListRoleSets");
        sets.MapPost("/", CreateAsync).WithName("CreateRoleSet").WithDescription("Owner and member are in every set. An organization's own roles are in none and stay its own.");
        sets.MapGet("/{roleSetId}", FindAsync).WithName("GetRoleSet");
        sets.MapPatch("/{roleSetId}", UpdateAsync).WithName("UpdateRoleSet");
        sets.MapDelete("/{roleSetId}", DeleteAsync).WithName("DeleteRoleSet");
    }

    public static void MapOrganizationRoleSet(this RouteGroupBuilder organization)
    {
        var set = organization.MapGroup("/role-set").WithTags("Role sets").RequireInstance();

        set.MapPut("/", UseAsync).WithName("SetOrganizationRoleSet").WithErrors(RoleErrors.Extended, ConnectionErrors.RolePrivileged)
            .WithDescription("Gives the organization another role set, or all roles of the instance with null. Roles in use that it leaves out need `replaceWith`; the roles named there take their place with everybody who holds them, from the same source, and in connections, in the same transaction.");
        set.MapGet("/impact", ImpactAsync).WithName("GetOrganizationRoleSetImpact").WithErrors(RoleSetErrors.Unknown).WithDescription("The roles that the organization would lose with this set, and what uses them there.");
    }

    private static Task<Results<Ok<ListResponse<RoleSetResponse>>, ProblemHttpResult>> ListAsync([AsParameters] SortQuery sort, [AsParameters] PageQuery query, RoleSetService sets, CancellationToken ct) =>
        query.AnswerAsync(sort, page => sets.ListAsync(page, ct), RoleSetResponse.From);

    private static async Task<Results<Created<RoleSetResponse>, ProblemHttpResult>> CreateAsync(CreateRoleSetRequest request, RoleSetService sets, CancellationToken ct) =>
        (await sets.CreateAsync(request.DisplayName, request.Roles, ct)).ToCreated(RoleSetResponse.From, v => $"{ManagementEndpoints.Path}/role-sets/{v.Set.Id}");

    private static async Task<Results<Ok<RoleSetResponse>, ProblemHttpResult>> FindAsync(Id<RoleSet> roleSetId, RoleSetService sets, CancellationToken ct) =>
        (await sets.FindAsync(roleSetId, ct)).ToOk(RoleSetResponse.From);

    private static async Task<Results<Ok<RoleSetResponse>, ProblemHttpResult>> UpdateAsync(
        Id<RoleSet> roleSetId, RoleSetChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, RoleSetService sets, CancellationToken ct) =>
        (await sets.UpdateAsync(roleSetId, changes, EntityTags.Expected(ifMatch), ct)).ToOk(RoleSetResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(Id<RoleSet> roleSetId, RoleSetService sets, CancellationToken ct) => (await sets.DeleteAsync(roleSetId, ct)).ToNoContent();

    private static async Task<Results<Ok<OrganizationResponse>, ProblemHttpResult>> UseAsync(
        Id<Organization> organizationId, UseRoleSetRequest request, [FromHeader(Name = "If-Match")] string? ifMatch, RoleSetUse use, CancellationToken ct) =>
        (await use.SetAsync(organizationId, request.RoleSetId, request.ReplaceWith, EntityTags.Expected(ifMatch), ct)).ToOk(OrganizationResponse.From);

    private static async Task<Results<Ok<RoleSetImpactResponse>, ProblemHttpResult>> ImpactAsync(Id<Organization> organizationId, Id<RoleSet>? roleSetId, RoleSetUse use, CancellationToken ct) =>
        (await use.ImpactAsync(organizationId, roleSetId, ct)).ToOk(RoleSetImpactResponse.From);
}

/// <param name="Roles">Keys of roles of the instance.</param>
public sealed record CreateRoleSetRequest([property: Required] string DisplayName, [property: Required, MaxLength(RoleSet.MaxRoles)] IReadOnlyList<string> Roles);

/// <param name="Roles">Keys of roles of the instance, in alphabetical order.</param>
public sealed record RoleSetResponse(Id<RoleSet> Id, string DisplayName, IReadOnlyList<string> Roles, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version) : IVersionedResponse
{
    internal static RoleSetResponse From(RoleSetView v) => new(v.Set.Id, v.Set.DisplayName, v.Roles, v.Set.CreatedAt, v.Set.UpdatedAt, v.Set.Version);
}

/// <param name="RoleSetId">Null: all roles of the instance.</param>
/// <param name="ReplaceWith">Keys of roles, by the keys of those that they take the place of.</param>
public sealed record UseRoleSetRequest(Id<RoleSet>? RoleSetId = null, IReadOnlyDictionary<string, string>? ReplaceWith = null);

/// <param name="Members">Who hold it, in the organization or in a workspace.</param>
/// <param name="Connections">How many of its connections give it, by default or by a rule.</param>
/// <param name="Directories">How many of its directories give it by default.</param>
/// <param name="Extended">How many of its own roles extend it: change these first.</param>
/// <param name="GroupMappings">How many mappings of its directories' groups give it.</param>
public sealed record LeftOutRoleResponse(string Key, int Members, int Connections, int Directories, int Extended, int GroupMappings);

/// <param name="Roles">Those that the organization would lose, used or not.</param>
public sealed record RoleSetImpactResponse(IReadOnlyList<LeftOutRoleResponse> Roles)
{
    internal static RoleSetImpactResponse From(IReadOnlyList<LeftOutRole> roles) => new([.. roles.Select(r => new LeftOutRoleResponse(r.Key, r.Members, r.Connections, r.Directories, r.Extended, r.GroupMappings))]);
}
