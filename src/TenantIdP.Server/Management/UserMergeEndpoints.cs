using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class UserMergeEndpoints
{
    public static void MapUserMerges(this RouteGroupBuilder api) =>
        api.MapPost("/users/{userId}/merge", MergeAsync).WithTags("Users").RequireInstance().WithErrors(Core.Members.MemberErrors.LastOwner, Core.Members.MemberErrors.SingleOrganization)
            .WithName("MergeUser").WithSummary("Merges another account of the same person into this one, or says what that would do.");

    private static async Task<Results<Ok<MergeResponse>, ProblemHttpResult>> MergeAsync(Id<User> userId, MergeUserRequest request, UserMerge merge, CancellationToken ct)
    {
        var from = request.From!.Value; // required, so validation has seen it
        var plan = request.DryRun ? await merge.PlanAsync(userId, from, ct) : await merge.MergeAsync(userId, from, ct);
        return plan.ToOk(p => MergeResponse.Of(p, request.DryRun));
    }
}

/// <param name="From">The account that ends; its id is refused from then on.</param>
/// <param name="DryRun">Answers the plan and changes nothing.</param>
public sealed record MergeUserRequest([property: Required] Id<User>? From, bool DryRun = false);

/// <param name="Identities">They move.</param>
/// <param name="Password"><c>moved</c> to a survivor without one, else <c>dropped</c>; null when there is none. So is <paramref name="ExternalId"/>.</param>
/// <param name="Sessions">Of the account that ends; they end.</param>
/// <param name="Keys">Keys of organizations that the account has made: <c>moved</c> to the survivor, or <c>dropped</c> where the person stays removed.</param>
public sealed record MergeResponse(
    bool DryRun, Id<User> Into, Id<User> From, IReadOnlyList<Id<UserIdentity>> Identities, IReadOnlyList<MergedEmail> Emails, IReadOnlyList<MergedMembership> Memberships,
    MergeOutcome? Password, MergeOutcome? ExternalId, int Sessions, IReadOnlyList<MergedKey> Keys)
{
    internal static MergeResponse Of(MergePlan p, bool dryRun) => new(dryRun, p.Into, p.From, p.Identities, p.Emails, p.Memberships, p.Password, p.ExternalId, p.Sessions, p.Keys);
}
