using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Domains;

public enum VerificationMethod
{
    Dns,
    MetaTag,
    File,

    /// <summary>An operator of the instance vouches, with a reason that is kept. Counts as a DNS proof.</summary>
    Operator,
}

/// <summary>How people with a verified address of a verified domain become members (FEATURES.md row 16).</summary>
public enum AssignmentMode
{
    Off,

    /// <summary>They may ask; an admin decides.</summary>
    Suggest,

    /// <summary>They may join with one click.</summary>
    Offer,

    /// <summary>They join when they sign in next.</summary>
    Auto,
}

public static class VerificationMethods
{
    /// <summary>Whether it proves the mail domain and not a web server only: what linking and <c>require_sso</c> ask for (DESIGN.md section 6.2).</summary>
    public static bool ProvesMail(this VerificationMethod method) => method is VerificationMethod.Dns or VerificationMethod.Operator;
}

/// <summary>How somebody showed that people of the organization have mailboxes at a host.</summary>
public enum AffiliationMethod
{
    /// <summary>By a code that was mailed there.</summary>
    Email,
}

/// <summary>Where a domain is in its life. It is held, and nobody else's, from verified to lapsed.</summary>
public enum DomainStatus
{
    /// <summary>Claimed; its proof is looked for.</summary>
    Pending,

    /// <summary>No proof in fourteen days: no longer looked for until somebody asks.</summary>
    Failed,

    Verified,

    /// <summary>The proof has not been seen for three days. Nothing breaks yet.</summary>
    AtRisk,

    /// <summary>Nor for fourteen days after that: members sign in as before, but nobody new joins or is linked by it, and another organization may prove it.</summary>
    Lapsed,

    /// <summary>Proven, while another organization's hold has lapsed: held after the notice.</summary>
    TransferPending,

    /// <summary>Another organization holds it now.</summary>
    Transferred,
}

/// <summary>A host an organization says it owns. Only a verified one routes sign-ins, assigns users or allows linking by email.</summary>
public sealed class OrganizationDomain : IOrganizationOwned, IHasIdPrefix, IVersioned
{
    /// <summary>From the code that was entered; then it is shown anew.</summary>
    public static readonly TimeSpan AffiliatedFor = TimeSpan.FromDays(365);

    private readonly List<DomainConnection> connections = [];

    private OrganizationDomain(Id<Organization> organizationId, Id<OrganizationDomain> id, HostName host, string challenge, DateTimeOffset claimedAt) =>
        (OrganizationId, Id, Host, Challenge, ClaimedAt, UpdatedAt) = (organizationId, id, host, challenge, claimedAt, claimedAt);

    public static string IdPrefix => "dom";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<OrganizationDomain> Id { get; private set; }
    public HostName Host { get; private set; }

    /// <summary>The token a proof must show; kept while the claim lives, unless it is replaced.</summary>
    public string Challenge { get; private set; }

    /// <summary>Sub-domains that nobody else verified route here too.</summary>
    public bool IncludeSubdomains { get; internal set; }

    public AssignmentMode Assignment { get; private set; }

    /// <summary>Key of the role of whoever joins by this domain; never one that changes the organization.</summary>
    public string DefaultRoleKey { get; private set; } = Roles.BuiltInRoles.Member;

    /// <summary>Which connections its people go to; without any rule all active ones of the organization.</summary>
    public IReadOnlyList<DomainConnection> Connections => connections;

    public DateTimeOffset ClaimedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>Held since. Accounts that are older are not linked silently, so it begins anew when a domain that lapsed is proven again, and with a stronger proof.</summary>
    public DateTimeOffset? VerifiedAt { get; private set; }

    public VerificationMethod? VerifiedBy { get; private set; }
    public string? VerificationReason { get; private set; }
    public DateTimeOffset? AtRiskAt { get; private set; }
    public DateTimeOffset? LapsedAt { get; private set; }
    public DateTimeOffset? FailedAt { get; private set; }

    /// <summary>When it passes from the organization that let it lapse to the one that has proven it; on both their rows.</summary>
    public DateTimeOffset? TransferAt { get; private set; }

    public DateTimeOffset? TransferredAt { get; private set; }

    /// <summary>Since when somebody of the organization reads a mailbox there. No ownership: many organizations may, and it lets people ask to join and nothing else.</summary>
    public DateTimeOffset? AffiliatedAt { get; private set; }

    public int Version { get; private set; }

    /// <summary>No other organization can hold it.</summary>
    public bool IsHeld => VerifiedAt is not null;

    /// <summary>Held by a proof that stands: what lets anybody new in.</summary>
    public bool IsVerified => VerifiedAt is not null && LapsedAt is null;

    /// <summary>Verified, and by more than a web server's word: what adopts and links accounts. <see cref="DomainHolders.ProvingMail"/> is the same of rows.</summary>
    public bool ProvesMail => IsVerified && VerifiedBy?.ProvesMail() == true;

    public AffiliationMethod? AffiliatedBy => AffiliatedAt is null ? null : AffiliationMethod.Email;

    public DateTimeOffset? AffiliatedUntil => AffiliatedAt + AffiliatedFor;

    public DomainStatus Status => this switch
    {
        { VerifiedAt: not null, LapsedAt: not null } => DomainStatus.Lapsed,
        { VerifiedAt: not null, AtRiskAt: not null } => DomainStatus.AtRisk,
        { VerifiedAt: not null } => DomainStatus.Verified,
        { TransferAt: not null } => DomainStatus.TransferPending,
        { FailedAt: not null } => DomainStatus.Failed,
        { TransferredAt: not null } => DomainStatus.Transferred,
        _ => DomainStatus.Pending,
    };

    public static OrganizationDomain Claim(Id<Organization> owner, HostName host, bool includeSubdomains, DateTimeOffset now) =>
        new(owner, Id<OrganizationDomain>.New(now), host, MachineSecret.New(""), now) { IncludeSubdomains = includeSubdomains };

    internal void Assign(AssignmentMode mode, string roleKey) => (Assignment, DefaultRoleKey) = (mode, roleKey);

    internal void Route(IReadOnlyList<DomainConnectionRule> rules)
    {
        var held = connections.OrderBy(c => c.Position).ToList();
        connections.RemoveAll(c => held.IndexOf(c) >= rules.Count);
        for (var i = 0; i < rules.Count; i++)
        {
            if (i < held.Count) held[i].Replace(rules[i].ConnectionId, rules[i].Host);
            else connections.Add(new DomainConnection(OrganizationId, Id, held.Count == 0 ? i : held[^1].Position + i - held.Count + 1, rules[i].ConnectionId, rules[i].Host));
        }
    }

    /// <summary>Whether it lets people of the very host ask to join, as far as this claim says: somebody who holds the host says more.</summary>
    public bool IsAffiliated(DateTimeOffset now) => !IsHeld && AffiliatedUntil > now;

    internal void Affiliate(DateTimeOffset now) => (AffiliatedAt, UpdatedAt) = (now, now);

    internal void EndAffiliation(DateTimeOffset now) => (AffiliatedAt, UpdatedAt) = (null, now);

    /// <summary>What belongs to it has changed.</summary>
    internal void Touch(DateTimeOffset now) => UpdatedAt = now;

    /// <summary>Whether a proof by this method is worth as much as the one it is held by.</summary>
    internal bool IsMatchedBy(VerificationMethod method) => VerifiedBy is not { } held || method.ProvesMail() || !held.ProvesMail();

    /// <summary>Held from now on. Whether it may be is judged by <see cref="DomainLifeCycle"/>, and by the unique index.</summary>
    /// <param name="reason">An operator's, for their word only; a checked name.</param>
    public void Verify(VerificationMethod method, string? reason, DateTimeOffset now)
    {
        (VerifiedAt, VerifiedBy, VerificationReason, UpdatedAt) = (now, method, reason, now);
        (AtRiskAt, LapsedAt, FailedAt, TransferAt, TransferredAt, AffiliatedAt) = (null, null, null, null, null, null); // held is more than affiliated
    }

    /// <summary>Seen again before it lapsed.</summary>
    internal void Recover(DateTimeOffset now) => (AtRiskAt, UpdatedAt) = (null, now);

    internal void PutAtRisk(DateTimeOffset now) => (AtRiskAt, UpdatedAt) = (now, now);

    internal void Lapse(DateTimeOffset now) => (LapsedAt, UpdatedAt) = (now, now);

    internal void Fail(DateTimeOffset now) => (FailedAt, UpdatedAt) = (now, now);

    /// <summary>Looked for again by the same token.</summary>
    internal void Rearm(DateTimeOffset now) => (FailedAt, TransferredAt, UpdatedAt) = (null, null, now);

    internal void AnnounceTransfer(DateTimeOffset at, DateTimeOffset now) => (TransferAt, UpdatedAt) = (at, now);

    /// <param name="reason">An operator's, when the proof is their word.</param>
    internal void AwaitTransfer(DateTimeOffset at, string? reason, DateTimeOffset now) =>
        (TransferAt, VerificationReason, FailedAt, TransferredAt, UpdatedAt) = (at, reason, null, null, now);

    internal void CancelTransfer(DateTimeOffset now) => (TransferAt, UpdatedAt) = (null, now);

    internal void HandOver(DateTimeOffset now)
    {
        (VerifiedAt, VerifiedBy, VerificationReason, AtRiskAt, LapsedAt, TransferAt) = (null, null, null, null, null, null);
        (TransferredAt, UpdatedAt) = (now, now);
    }

    internal Result ReplaceChallenge(DateTimeOffset now)
    {
        if (IsHeld || TransferAt is not null) return DomainErrors.ChallengeInUse;
        (Challenge, UpdatedAt) = (MachineSecret.New(""), now);
        return Result.Ok;
    }
}
