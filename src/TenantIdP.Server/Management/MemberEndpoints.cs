using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class MemberEndpoints
{
    internal static readonly Error StatusInvalid = new(ErrorKind.Invalid, "status_invalid", "A status of a member is active, pending or deactivated.", "status");

    public static void MapMembers(this RouteGroupBuilder organization)
    {
        var read = organization.MapGroup("/members").WithTags("Members").RequireOrganization(Permission.MembersRead);
        read.MapGet("/", ListAsync).WithName("ListMembers").WithErrors(StatusInvalid, Sorting.PrefixInvalid, UserErrors.EmailInvalid);
        read.MapGet("/{memberId}", FindAsync).WithName("GetMember");

        organization.MapGet("/members-elsewhere", ElsewhereAsync).WithName("ListMembersElsewhere").WithTags("Members").RequireInstance()
            .WithSummary("Members who are in other organizations, too: what stands in the way of exclusiveMembership.");

        organization.MapGet("/members-outside-domains", OutsideDomainsAsync).WithName("ListMembersOutsideDomains").WithTags("Members").RequireOrganization(Permission.MembersRead)
            .WithSummary("Members none of whose verified addresses membershipDomains would take today: who was in before it was set. Nobody is removed by it.");

        var write = organization.MapGroup("/members").WithTags("Members").RequireOrganization(Permission.MembersWrite)
            .WithErrors(RoleErrors.NotFound, RoleErrors.Unknown, RoleErrors.Escalation, UserErrors.NotFound, UserErrors.NotFound with { Kind = ErrorKind.Invalid });
        write.MapPost("/", AddAsync).WithName("AddMember").WithErrors(UserErrors.EmailInvalid);
        write.MapPost("/transfer-ownership", TransferOwnershipAsync).WithName("TransferOwnership").WithSummary("Makes another member an owner in place of the caller, or beside the caller.");
        write.MapDelete("/{memberId}", RemoveAsync).WithName("RemoveMember");
        write.MapPost("/{memberId}/activate", ActivateAsync).WithName("ActivateMember").WithDescription("A pending membership permits from now on what its roles do. The caller must be able to give each of them.");
        write.MapPost("/{memberId}/deactivate", DeactivateAsync).WithName("DeactivateMember");
        write.MapPost("/{memberId}/reactivate", ReactivateAsync).WithName("ReactivateMember");
        write.MapPut("/{memberId}/roles/{roleKey}", GrantRoleAsync).WithName("GrantMemberRole");
        write.MapDelete("/{memberId}/roles/{roleKey}", RevokeRoleAsync).WithName("RevokeMemberRole");
    }

    private static async Task<Results<Ok<ListResponse<MemberResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, [AsParameters] MemberQuery wanted, [AsParameters] SortQuery sort, [AsParameters] PageQuery query, MemberList members, CancellationToken ct)
    {
        var filter = wanted.Read();
        return filter.IsOk ? await query.AnswerAsync(sort, page => members.ListAsync(organizationId, filter.Value, page, ct), MemberResponse.From) : Problems.From(filter.Error);
    }

    private static Task<Results<Ok<ListResponse<MemberElsewhereResponse>>, ProblemHttpResult>> ElsewhereAsync(
        Id<Organization> organizationId, [AsParameters] PageQuery query, JoinRules joins, CancellationToken ct) =>
        query.AnswerAsync(page => joins.ElsewhereAsync(organizationId, page, ct), MemberElsewhereResponse.From);

    private static Task<Results<Ok<ListResponse<MemberResponse>>, ProblemHttpResult>> OutsideDomainsAsync(
        Id<Organization> organizationId, [AsParameters] PageQuery query, MembersOutsideDomains members, CancellationToken ct) =>
        query.AnswerAsync(page => members.ListAsync(organizationId, page, ct), MemberResponse.From);

    private static async Task<Results<Ok<MemberResponse>, ProblemHttpResult>> FindAsync(Id<Organization> organizationId, Id<Membership> memberId, MemberList members, CancellationToken ct) =>
        (await members.FindAsync(organizationId, memberId, ct)).ToOk(MemberResponse.From);

    private static async Task<Results<Created<MemberResponse>, ProblemHttpResult>> AddAsync(
        Id<Organization> organizationId, AddMemberRequest request, MemberService members, ManagementCaller caller, CancellationToken ct)
    {
        var added = request.UserId is { } user
            ? await members.AddAsync(organizationId, user, request.Roles ?? [], request.Status == NewMemberStatus.Pending, caller.Granter, ct)
            : await members.AddByEmailAsync(organizationId, request.Email ?? "", request.Roles ?? [], request.Status == NewMemberStatus.Pending, caller.Granter, ct);
        return added.ToCreated(MemberResponse.From, m => $"{ManagementEndpoints.Path}/organizations/{organizationId}/members/{m.Membership.Id}");
    }

    private static async Task<Results<Ok<MemberResponse>, ProblemHttpResult>> TransferOwnershipAsync(
        Id<Organization> organizationId, TransferOwnershipRequest request, MemberService members, ManagementCaller caller, CancellationToken ct) =>
        caller.User is { } owner
            ? (await members.TransferOwnershipAsync(organizationId, owner, request.ToMemberId!.Value, request.KeepOwner, ct)).ToOk(MemberResponse.From) // required, so validation has seen it
            : Problems.From(MemberErrors.OwnerRequired); // an operator's app owns nothing; it grants and revokes the role

    private static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync(
        Id<Organization> organizationId, Id<Membership> memberId, MemberService members, ManagementCaller caller, CancellationToken ct) =>
        (await members.RemoveAsync(organizationId, memberId, caller.Granter, ct)).ToNoContent();

    private static async Task<Results<Ok<MemberResponse>, ProblemHttpResult>> ActivateAsync(
        Id<Organization> organizationId, Id<Membership> memberId, MemberService members, ManagementCaller caller, CancellationToken ct) =>
        (await members.ActivateAsync(organizationId, memberId, caller.Granter, ct)).ToOk(MemberResponse.From);

    private static async Task<Results<Ok<MemberResponse>, ProblemHttpResult>> DeactivateAsync(
        Id<Organization> organizationId, Id<Membership> memberId, MemberService members, ManagementCaller caller, CancellationToken ct) =>
        (await members.DeactivateAsync(organizationId, memberId, caller.Granter, ct)).ToOk(MemberResponse.From);

    private static async Task<Results<Ok<MemberResponse>, ProblemHttpResult>> ReactivateAsync(
        Id<Organization> organizationId, Id<Membership> memberId, MemberService members, ManagementCaller caller, CancellationToken ct) =>
        (await members.ReactivateAsync(organizationId, memberId, caller.Granter, ct)).ToOk(MemberResponse.From);

    private static async Task<Results<Ok<MemberResponse>, ProblemHttpResult>> GrantRoleAsync(
        Id<Organization> organizationId, Id<Membership> memberId, string roleKey, MemberService members, ManagementCaller caller, CancellationToken ct) =>
        (await members.GrantRoleAsync(organizationId, memberId, roleKey, caller.Granter, ct)).ToOk(MemberResponse.From);

    private static async Task<Results<Ok<MemberResponse>, ProblemHttpResult>> RevokeRoleAsync(
        Id<Organization> organizationId, Id<Membership> memberId, string roleKey, MemberService members, ManagementCaller caller, CancellationToken ct) =>
        (await members.RevokeRoleAsync(organizationId, memberId, roleKey, caller.Granter, ct)).ToOk(MemberResponse.From);
}

public sealed record MemberQuery
{
    /// <summary><c>active</c>, <c>pending</c> or <c>deactivated</c>; all when left out.</summary>
    public string? Status { get; init; }

    /// <summary>The key of a role that they hold, from whatever source.</summary>
    public string? Role { get; init; }

    /// <summary>Who it is.</summary>
    public Id<User>? UserId { get; init; }

    /// <summary>Exactly this address, as the list shows it.</summary>
    public string? Email { get; init; }

    /// <summary>How that address begins, in any case.</summary>
    public string? Q { get; init; }

    internal Result<MemberFilter> Read()
    {
        if (Sorting.CheckPrefix(Q) is { IsOk: false, Error: { } invalid }) return invalid;
        if (!EnumTexts.TryRead<MembershipStatus>(Status, out var status) || status == MembershipStatus.Removed) return MemberEndpoints.StatusInvalid;
        return new MemberFilter(status, Role, UserId, Email, Q);
    }
}

/// <param name="UserId">This or <paramref name="Email"/>.</param>
/// <param name="Roles">Keys; the role member when left out.</param>
/// <param name="Email">For operators: an address that the user has verified.</param>
/// <param name="Status">A pending member is in the list and may do nothing until they are activated.</param>
public sealed record AddMemberRequest(
    Id<User>? UserId = null, [property: MaxLength(20)] IReadOnlyList<string>? Roles = null, [property: MaxLength(EmailAddress.MaxLength)] string? Email = null,
    NewMemberStatus Status = NewMemberStatus.Active) : IValidatableObject
{
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (UserId is null == Email is null) yield return new ValidationResult("Name the user by userId or by email.", [nameof(UserId)]);
    }
}

public enum NewMemberStatus
{
    Active,
    Pending,
}

/// <param name="KeepOwner">The caller stays an owner, too.</param>
public sealed record TransferOwnershipRequest([property: Required] Id<Membership>? ToMemberId, bool KeepOwner = false);

/// <param name="Managed">People can't take it away: its source does, or the organization's directory decides about all roles of this member.</param>
public sealed record MemberRoleResponse(string Key, RoleSource Source, bool Managed);

public sealed record MemberResponse(
    Id<Membership> Id, Id<User> UserId, MembershipStatus Status, string? Name, string? Email, IReadOnlyList<MemberRoleResponse> Roles, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version)
    : IVersionedResponse
{
    internal static MemberResponse From(Member m) =>
        new(m.Membership.Id, m.Membership.UserId, m.Membership.Status, m.Name, m.Email, [.. m.Roles.Select(r => new MemberRoleResponse(r.Key, r.Source, r.IsManaged))],
            m.Membership.CreatedAt, m.Membership.UpdatedAt, m.Membership.Version);
}

/// <param name="Organizations">The other organizations.</param>
public sealed record MemberElsewhereResponse(Id<Membership> MemberId, Id<User> UserId, IReadOnlyList<Id<Organization>> Organizations)
{
    internal static MemberElsewhereResponse From(MemberElsewhere m) => new(m.MemberId, m.UserId, m.Organizations);
}
