using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Users;

public enum MergeOutcome
{
    /// <summary>The survivor did not have it and gets it.</summary>
    Moved,

    /// <summary>Both had it: it is one from now on.</summary>
    Combined,

    /// <summary>The survivor's own stays; this one is gone.</summary>
    Dropped,
}

public sealed record MergedEmail(string Address, MergeOutcome Outcome);

/// <param name="Conflict">Why what the person had is not all kept: <c>stays_removed</c> (one of the two was removed from the organization, the other is not active), or
/// <c>ended_roles_dropped</c> (roles of the membership that had ended do not come back with the active one).</param>
/// <param name="Status">What the membership is after the merge.</param>
public sealed record MergedMembership(Id<Organization> OrganizationId, Id<Membership> MembershipId, MergeOutcome Outcome, MembershipStatus Status, string? Conflict);

public sealed record MergedKey(Id<Organization> OrganizationId, Id<ApiKey> KeyId, MergeOutcome Outcome);

/// <summary>What a merge does, or would do.</summary>
/// <param name="Password">Null when the merged account has none. A survivor without one takes it over.</param>
/// <param name="ExternalId">As the password.</param>
/// <param name="Sessions">Of the merged account; they end.</param>
/// <param name="Keys">That either account made in an organization of the merged one: those of the merged account move, and all end where the person stays removed.</param>
public sealed record MergePlan(
    Id<User> Into, Id<User> From, IReadOnlyList<Id<UserIdentity>> Identities, IReadOnlyList<MergedEmail> Emails, IReadOnlyList<MergedMembership> Memberships, MergeOutcome? Password,
    MergeOutcome? ExternalId, int Sessions, IReadOnlyList<MergedKey> Keys);

/// <summary>The two accounts of a merge with all that belongs to them, and what becomes of it.</summary>
internal sealed record MergeFacts(
    User Into, User From, IReadOnlyList<UserIdentity> Identities, IReadOnlyList<Membership> Memberships, LocalCredential? IntoPassword, LocalCredential? FromPassword, int Sessions)
{
    public required IReadOnlyList<ApiKey> Keys { get; init; }

    /// <summary>Where the survivor would be active or invited.</summary>
    public IReadOnlyCollection<Id<Organization>> Together() => Standing(Memberships.Where(m => m.UserId == Into.Id).Select(m => (m.OrganizationId, m.Status)), Pairs().Select(p => Outcome(p.Mine, p.Theirs)).Select(o => (o.OrganizationId, o.Status)));

    /// <summary>Where one of the two is alone.</summary>
    public IReadOnlyCollection<Id<Organization>> Alone(User one) => Standing(Memberships.Where(m => m.UserId == one.Id).Select(m => (m.OrganizationId, m.Status)), []);

    public Result Check()
    {
        if (Into.IsEnded || From.IsEnded) return UserErrors.Ended;
        if (Into.Status != UserStatus.Active || From.Status != UserStatus.Active) return UserErrors.MergeNotActive;
        if (Into.IsOperator || From.IsOperator) return UserErrors.MergeOperator;
        return Into.Emails.Concat(From.Emails).Select(e => e.Normalized).Distinct().Count() > User.MaxEmails ? UserErrors.TooManyEmails : Result.Ok;
    }

    public MergePlan Plan() => new(
        Into.Id, From.Id, [.. Identities.Select(i => i.Id)],
        [.. From.Emails.Select(e => new MergedEmail(e.Address, Into.Emails.Any(o => o.Normalized == e.Normalized) ? MergeOutcome.Combined : MergeOutcome.Moved))],
        [.. Pairs().Select(pair => Outcome(pair.Mine, pair.Theirs))],
        FromPassword is null ? null : IntoPassword is null ? MergeOutcome.Moved : MergeOutcome.Dropped,
        From.ExternalId is null ? null : Into.ExternalId is null ? MergeOutcome.Moved : MergeOutcome.Dropped,
        Sessions,
        [.. Pairs().Select(pair => Outcome(pair.Mine, pair.Theirs)).SelectMany(o => Keys.Where(k => k.OrganizationId == o.OrganizationId && (k.CreatedBy == From.Id || o.Status == MembershipStatus.Removed))
            .Select(k => new MergedKey(k.OrganizationId, k.Id, o.Status == MembershipStatus.Removed ? MergeOutcome.Dropped : MergeOutcome.Moved)))]);

    /// <summary>Each membership of the merged account with the survivor's in the same organization, if there is one.</summary>
    public IEnumerable<(Membership? Mine, Membership Theirs)> Pairs() =>
        from theirs in Memberships
        where theirs.UserId == From.Id
        orderby theirs.OrganizationId
        select (Memberships.SingleOrDefault(m => m.UserId == Into.Id && m.OrganizationId == theirs.OrganizationId), theirs);

    private static HashSet<Id<Organization>> Standing(IEnumerable<(Id<Organization> Organization, MembershipStatus Status)> own, IEnumerable<(Id<Organization> Organization, MembershipStatus Status)> after)
    {
        var last = own.ToDictionary(m => m.Organization, m => m.Status);
        foreach (var (organization, status) in after) last[organization] = status;
        return [.. last.Where(m => m.Value is MembershipStatus.Active or MembershipStatus.Pending).Select(m => m.Key)];
    }

    public static MergedMembership Outcome(Membership? mine, Membership theirs)
    {
        if (mine is null) return new(theirs.OrganizationId, theirs.Id, MergeOutcome.Moved, theirs.Status, null);
        var status = Membership.Combine(mine.Status, theirs.Status);
        var conflict = status == MembershipStatus.Removed && (mine.Status != status || theirs.Status != status) ? "stays_removed"
            : (mine.Status != status && mine.Roles.Count > 0) || (theirs.Status != status && theirs.Roles.Count > 0) ? "ended_roles_dropped" : null;
        return new(mine.OrganizationId, mine.Id, MergeOutcome.Combined, status, conflict);
    }
}
