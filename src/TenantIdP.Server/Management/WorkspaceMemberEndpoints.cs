using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>Who is in a workspace, and the workspaces of a member.</summary>
internal static class WorkspaceMemberEndpoints
{
    public static void MapWorkspaceMembers(this RouteGroupBuilder organization)
    {
        var read = organization.MapGroup("/workspaces/{workspaceId}/members").WithTags("Workspaces").RequireOrganization(Permission.WorkspacesRead);
        read.MapGet("/", ListAsync).WithName("ListWorkspaceMembers").WithDescription("Those of ended memberships too: they count again when their membership does.");
        read.MapGet("/{memberId}", FindAsync).WithName("GetWorkspaceMember").WithErrors(MemberErrors.NotFound);
        organization.MapGet("/members/{memberId}/workspaces", OfMemberAsync).WithName("ListMemberWorkspaces").WithTags("Members").RequireOrganization(Permission.WorkspacesRead).WithErrors(MemberErrors.NotFound);

        var write = organization.MapGroup("/workspaces/{workspaceId}/members").WithTags("Workspaces").RequireOrganization(Permission.WorkspacesWrite)
            .WithErrors(MemberErrors.NotFound, MemberErrors.RoleManagedElsewhere, RoleErrors.Escalation);
        write.MapPut("/{memberId}", PutAsync).WithName("PutWorkspaceMember").WithErrors(MemberErrors.Ended, RoleErrors.Unknown)
            .WithDescription("Puts a member of the organization into the workspace with exactly these roles, or changes them. Any role of the organization but `owner`; nobody gives or takes one with permissions they lack.");
        write.MapDelete("/{memberId}", RemoveAsync).WithName("RemoveWorkspaceMember");
    }

    private static Task<Results<Ok<ListResponse<WorkspaceMemberResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, Id<Workspace> workspaceId, [AsParameters] PageQuery query, WorkspaceMembers members, CancellationToken ct) =>
        query.AnswerAsync(page => members.ListAsync(organizationId, workspaceId, page, ct), WorkspaceMemberResponse.From);

    private static async Task<Results<Ok<WorkspaceMemberResponse>, ProblemHttpResult>> FindAsync(
        Id<Organization> organizationId, Id<Workspace> workspaceId, Id<Membership> memberId, WorkspaceMembers members, CancellationToken ct) =>
        (await members.FindAsync(organizationId, workspaceId, memberId, ct)).ToOk(WorkspaceMemberResponse.From);

    private static Task<Results<Ok<ListResponse<MemberWorkspaceResponse>>, ProblemHttpResult>> OfMemberAsync(
        Id<Organization> organizationId, Id<Membership> memberId, [AsParameters] PageQuery query, WorkspaceMembers members, CancellationToken ct) =>
        query.AnswerAsync(page => members.OfMemberAsync(organizationId, memberId, page, ct), MemberWorkspaceResponse.From);

    private static async Task<Results<Ok<WorkspaceMemberResponse>, ProblemHttpResult>> PutAsync(
        Id<Organization> organizationId, Id<Workspace> workspaceId, Id<Membership> memberId, PutWorkspaceMemberRequest request, [FromHeader(Name = "If-Match")] string? ifMatch,
        WorkspaceMembers members, ManagementCaller caller, CancellationToken ct) =>
        (await members.PutAsync(organizationId, workspaceId, memberId, request.Roles ?? [], caller.Granter, EntityTags.Expected(ifMatch), ct)).ToOk(WorkspaceMemberResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(
        Id<Organization> organizationId, Id<Workspace> workspaceId, Id<Membership> memberId, WorkspaceMembers members, ManagementCaller caller, CancellationToken ct) =>
        (await members.RemoveAsync(organizationId, workspaceId, memberId, caller.Granter, ct)).ToNoContent();
}

/// <param name="Roles">Keys; the role member when left out or empty.</param>
public sealed record PutWorkspaceMemberRequest([property: MaxLength(20)] IReadOnlyList<string>? Roles = null);

/// <param name="MembershipStatus">They count here only while it is <c>active</c>.</param>
public sealed record WorkspaceMemberResponse(
    Id<Workspace> WorkspaceId, Id<Membership> MemberId, Id<User> UserId, MembershipStatus MembershipStatus, IReadOnlyList<MemberRoleResponse> Roles, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version)
    : IVersionedResponse
{
    internal static WorkspaceMemberResponse From(WorkspaceMemberView m) =>
        new(m.Member.WorkspaceId, m.Member.MembershipId, m.Membership.UserId, m.Membership.Status, [.. m.Roles.Select(r => new MemberRoleResponse(r.Key, r.Source, r.IsManaged))],
            m.Member.CreatedAt, m.Member.UpdatedAt, m.Member.Version);
}

public sealed record MemberWorkspaceResponse(Id<Workspace> Id, string DisplayName, string Slug, WorkspaceStatus Status, bool IsDefault, IReadOnlyList<MemberRoleResponse> Roles)
{
    internal static MemberWorkspaceResponse From(MemberWorkspace m) =>
        new(m.Workspace.Id, m.Workspace.DisplayName, m.Workspace.Slug.Value, m.Workspace.Status, m.Workspace.IsDefault, [.. m.Roles.Select(r => new MemberRoleResponse(r.Key, r.Source, r.IsManaged))]);
}
