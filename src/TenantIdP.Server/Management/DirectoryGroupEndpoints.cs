using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>The groups that a directory has pushed, and the roles that they give. Groups themselves are the directory's to change.</summary>
internal static class DirectoryGroupEndpoints
{
    public static void MapDirectoryGroups(this RouteGroupBuilder organization)
    {
        var groups = organization.MapGroup("/directories/{directoryId}/groups").WithTags("Directories").RequireOrganization(Permission.DirectoriesRead).WithErrors(DirectoryErrors.NotFound);
        groups.MapGet("/", ListAsync).WithName("ListDirectoryGroups");
        groups.MapGet("/{groupId}", FindAsync).WithName("GetDirectoryGroup").WithErrors(GroupErrors.NotFound);
        groups.MapGet("/{groupId}/members", MembersAsync).WithName("ListDirectoryGroupMembers").WithErrors(GroupErrors.NotFound);

        var read = organization.MapGroup("/directories/{directoryId}/group-mappings").WithTags("Directories").RequireOrganization(Permission.DirectoriesRead).WithErrors(DirectoryErrors.NotFound);
        read.MapGet("/", ListMappingsAsync).WithName("ListGroupMappings");
        read.MapGet("/{mappingId}", FindMappingAsync).WithName("GetGroupMapping").WithErrors(GroupErrors.MappingNotFound);

        var write = organization.MapGroup("/directories/{directoryId}/group-mappings").WithTags("Directories").RequireOrganization(Permission.DirectoriesWrite).WithErrors(DirectoryErrors.NotFound, RoleErrors.Escalation);
        write.MapPost("/", CreateAsync).WithName("CreateGroupMapping").WithErrors(GroupErrors.OwnerMapped, GroupErrors.MappingExists, GroupErrors.MappingLimit, RoleErrors.Unknown)
            .WithDescription("Whoever is in the group has the role from now on, and loses it with the group. With `dryRun=true` nothing changes: the answer says who would gain it.");
        write.MapDelete("/{mappingId}", DeleteAsync).WithName("DeleteGroupMapping").WithErrors(GroupErrors.MappingNotFound)
            .WithDescription("Whoever has the role by this mapping alone loses it. With `dryRun=true` nothing changes: the answer says who would.");
    }

    private static Task<Results<Ok<ListResponse<DirectoryGroupResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, [AsParameters] PageQuery query, DirectoryGroupOverview groups, CancellationToken ct) =>
        query.AnswerAsync(page => groups.ListAsync(organizationId, directoryId, page, ct), DirectoryGroupResponse.From);

    private static async Task<Results<Ok<DirectoryGroupResponse>, ProblemHttpResult>> FindAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, Id<DirectoryGroup> groupId, DirectoryGroupOverview groups, CancellationToken ct) =>
        (await groups.FindAsync(organizationId, directoryId, groupId, ct)).ToOk(DirectoryGroupResponse.From);

    private static Task<Results<Ok<ListResponse<DirectoryGroupMemberResponse>>, ProblemHttpResult>> MembersAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, Id<DirectoryGroup> groupId, [AsParameters] PageQuery query, DirectoryGroupOverview groups, CancellationToken ct) =>
        query.AnswerAsync(page => groups.MembersAsync(organizationId, directoryId, groupId, page, ct), DirectoryGroupMemberResponse.From);

    private static Task<Results<Ok<ListResponse<GroupMappingResponse>>, ProblemHttpResult>> ListMappingsAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, Id<DirectoryGroup>? group, [AsParameters] PageQuery query, GroupMappingService mappings, CancellationToken ct) =>
        query.AnswerAsync(page => mappings.ListAsync(organizationId, directoryId, group, page, ct), GroupMappingResponse.From);

    private static async Task<Results<Ok<GroupMappingResponse>, ProblemHttpResult>> FindMappingAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, Id<GroupMapping> mappingId, GroupMappingService mappings, CancellationToken ct) =>
        (await mappings.FindAsync(organizationId, directoryId, mappingId, ct)).ToOk(GroupMappingResponse.From);

    private static async Task<Results<Created<GroupMappingResponse>, Ok<GroupMappingImpactResponse>, ProblemHttpResult>> CreateAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, CreateGroupMappingRequest request, bool? dryRun, GroupMappingService mappings, ManagementCaller caller, CancellationToken ct)
    {
        if (dryRun == true)
        {
            var tried = await mappings.TryCreateAsync(organizationId, directoryId, request.ToNew(), caller.Granter, ct);
            return tried.IsOk ? TypedResults.Ok(GroupMappingImpactResponse.From(tried.Value)) : Problems.From(tried.Error);
        }

        var created = await mappings.CreateAsync(organizationId, directoryId, request.ToNew(), caller.Granter, ct);
        return created.IsOk
            ? TypedResults.Created($"{ManagementEndpoints.Path}/organizations/{organizationId}/directories/{directoryId}/group-mappings/{created.Value.Mapping.Id}", GroupMappingResponse.From(created.Value))
            : Problems.From(created.Error);
    }

    private static async Task<Results<NoContent, Ok<GroupMappingImpactResponse>, ProblemHttpResult>> DeleteAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, Id<GroupMapping> mappingId, bool? dryRun, GroupMappingService mappings, ManagementCaller caller, CancellationToken ct)
    {
        if (dryRun == true)
        {
            var tried = await mappings.TryDeleteAsync(organizationId, directoryId, mappingId, caller.Granter, ct);
            return tried.IsOk ? TypedResults.Ok(GroupMappingImpactResponse.From(tried.Value)) : Problems.From(tried.Error);
        }

        var deleted = await mappings.DeleteAsync(organizationId, directoryId, mappingId, caller.Granter, ct);
        return deleted.IsOk ? TypedResults.NoContent() : Problems.From(deleted.Error);
    }
}

/// <param name="GroupId">A group that the directory has pushed.</param>
/// <param name="Role">The key of any role of the organization but `owner`.</param>
/// <param name="WorkspaceId">Where the role is given; left out: in the organization.</param>
public sealed record CreateGroupMappingRequest(Id<DirectoryGroup> GroupId, [property: Required, MaxLength(63)] string Role, Id<Workspace>? WorkspaceId = null)
{
    internal NewGroupMapping ToNew() => new(GroupId, Role, WorkspaceId);
}

/// <param name="GroupId">Null while the directory has no such group, and the mapping gives nothing: the group with this external id gets it back when it is pushed again.</param>
/// <param name="ExternalId">Of the group that was deleted.</param>
public sealed record GroupMappingResponse(
    Id<GroupMapping> Id, Id<OrganizationDirectory> DirectoryId, Id<DirectoryGroup>? GroupId, string? ExternalId, string GroupName, string Role, Id<Workspace>? WorkspaceId, DateTimeOffset CreatedAt)
{
    internal static GroupMappingResponse From(GroupMappingView m) =>
        new(m.Mapping.Id, m.Mapping.DirectoryId, m.Mapping.GroupId, m.Mapping.GroupExternalId, m.GroupName, m.Role, m.Mapping.WorkspaceId, m.Mapping.CreatedAt);
}

/// <param name="Gains">How many members would have the role who have it from nowhere now.</param>
/// <param name="Loses">How many would have it from nowhere any more.</param>
/// <param name="Members">The first hundred of them.</param>
public sealed record GroupMappingImpactResponse(int Gains, int Loses, IReadOnlyList<AffectedMemberResponse> Members)
{
    internal static GroupMappingImpactResponse From(GroupMappingImpact i) => new(i.Gains, i.Loses, [.. i.Members.Select(m => new AffectedMemberResponse(m.MemberId, m.UserId))]);
}

public sealed record AffectedMemberResponse(Id<Membership> MemberId, Id<User> UserId);

/// <param name="DisplayName">As the directory says.</param>
/// <param name="Mappings">The roles that it gives.</param>
public sealed record DirectoryGroupResponse(
    Id<DirectoryGroup> Id, string DisplayName, string? ExternalId, int Members, IReadOnlyList<GroupMappingResponse> Mappings, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version)
    : IVersionedResponse
{
    internal static DirectoryGroupResponse From(DirectoryGroupView g) =>
        new(g.Group.Id, g.Group.DisplayName, g.Group.ExternalId, g.Members, [.. g.Mappings.Select(GroupMappingResponse.From)], g.Group.CreatedAt, g.Group.UpdatedAt, g.Group.Version);
}

/// <param name="Id">Of the user in the directory.</param>
public sealed record DirectoryGroupMemberResponse(Id<DirectoryUser> Id, string UserName, string? DisplayName, bool Active, Id<Membership> MemberId)
{
    internal static DirectoryGroupMemberResponse From(DirectoryGroupMemberView m) => new(m.Id, m.UserName, m.DisplayName, m.Active, m.MemberId);
}
