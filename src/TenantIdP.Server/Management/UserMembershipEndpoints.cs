using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class UserMembershipEndpoints
{
    public static void MapUserMemberships(this RouteGroupBuilder api) =>
        api.MapGet("/users/{userId}/memberships", ListAsync).WithTags("Users").RequireInstance()
            .WithName("ListUserMemberships").WithSummary("Lists the organizations a user is or was in, with the roles there and where each came from.");

    private static Task<Results<Ok<ListResponse<UserMembershipResponse>>, ProblemHttpResult>> ListAsync(
        Id<User> userId, [AsParameters] PageQuery query, UserMemberships memberships, CancellationToken ct) =>
        query.AnswerAsync(page => memberships.ListAsync(userId, page, ct), UserMembershipResponse.From);
}

/// <param name="NameOverlay">What the organization's own directory or SSO calls the person.</param>
public sealed record UserMembershipResponse(
    Id<Membership> Id, Id<Organization> OrganizationId, string OrganizationName, MembershipStatus Status, IReadOnlyList<MemberRoleResponse> Roles, string? NameOverlay,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? EndedAt)
{
    internal static UserMembershipResponse From(UserMembership m) =>
        new(m.Id, m.OrganizationId, m.OrganizationName, m.Status, [.. m.Roles.Select(r => new MemberRoleResponse(r.Key, r.Source, r.IsManaged))], m.NameOverlay, m.CreatedAt, m.UpdatedAt, m.EndedAt);
}
