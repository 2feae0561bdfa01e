using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Joining;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class JoinRequestEndpoints
{
    internal static readonly Error StatusInvalid = new(ErrorKind.Invalid, "status_invalid", "A status of a join request is pending, approved or denied.", "status");

    public static void MapJoinRequests(this RouteGroupBuilder organization)
    {
        var requests = organization.MapGroup("/join-requests").WithTags("Members").RequireOrganization(Permission.MembersWrite);

        requests.MapGet("/", ListAsync).WithName("ListJoinRequests").WithErrors(StatusInvalid).WithSummary("People with an address of a verified domain who ask to join.");
        requests.MapGet("/{joinRequestId}", FindAsync).WithName("GetJoinRequest");
        requests.MapPost("/{joinRequestId}/approve", ApproveAsync).WithName("ApproveJoinRequest")
            .WithErrors(RoleErrors.Escalation, MemberErrors.Ended, MemberErrors.LimitReached, MemberErrors.SingleOrganization, MemberErrors.EmailDomainNotAllowed)
            .WithDescription("Makes the person a member with the default role of the domain, which the caller must be able to give.");
        requests.MapPost("/{joinRequestId}/deny", DenyAsync).WithName("DenyJoinRequest").WithDescription("The person sees it and does not ask again. They can still be added or invited.");
    }

    private static async Task<Results<Ok<ListResponse<JoinRequestResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, string? status, [AsParameters] PageQuery query, JoinRequestService requests, CancellationToken ct) =>
        EnumTexts.TryRead<JoinRequestStatus>(status, out var wanted) ? await query.AnswerAsync(page => requests.ListAsync(organizationId, wanted, page, ct), JoinRequestResponse.From) : Problems.From(StatusInvalid);

    private static async Task<Results<Ok<JoinRequestResponse>, ProblemHttpResult>> FindAsync(Id<Organization> organizationId, Id<JoinRequest> joinRequestId, JoinRequestService requests, CancellationToken ct) =>
        (await requests.FindAsync(organizationId, joinRequestId, ct)).ToOk(JoinRequestResponse.From);

    private static async Task<Results<Ok<JoinRequestResponse>, ProblemHttpResult>> ApproveAsync(
        Id<Organization> organizationId, Id<JoinRequest> joinRequestId, JoinRequestService requests, ManagementCaller caller, CancellationToken ct) =>
        (await requests.ApproveAsync(organizationId, joinRequestId, caller.Granter, ct)).ToOk(JoinRequestResponse.From);

    private static async Task<Results<Ok<JoinRequestResponse>, ProblemHttpResult>> DenyAsync(Id<Organization> organizationId, Id<JoinRequest> joinRequestId, JoinRequestService requests, CancellationToken ct) =>
        (await requests.DenyAsync(organizationId, joinRequestId, ct)).ToOk(JoinRequestResponse.From);
}

/// <param name="Name">As the person calls themselves.</param>
/// <param name="Email">The verified address they asked with.</param>
public sealed record JoinRequestResponse(
    Id<JoinRequest> Id, Id<User> UserId, string? Name, string Email, JoinRequestStatus Status, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? DecidedAt, int Version) : IVersionedResponse
{
    internal static JoinRequestResponse From(JoinRequestView v) =>
        new(v.Request.Id, v.Request.UserId, v.Name, v.Request.Email, v.Request.Status, v.Request.CreatedAt, v.Request.UpdatedAt, v.Request.DecidedAt, v.Request.Version);
}
