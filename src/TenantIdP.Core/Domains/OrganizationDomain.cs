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

/// <summary>A host an organization says it owns. Only a verified one routes sign-ins, assigns users or allows linking by email.</summary>
public sealed class OrganizationDomain : IOrganizationOwned, IHasIdPrefix, IVersioned
{
    private readonly List<DomainConnection> connections = [];

    private OrganizationDomain(Id<Organization> organizationId, Id<OrganizationDomain> id, HostName host, string challenge, DateTimeOffset claimedAt) =>
        (OrganizationId, Id, Host, Challenge, ClaimedAt, UpdatedAt) = (organizationId, id, host, challenge, claimedAt, claimedAt);

    public static string IdPrefix => "dom";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<OrganizationDomain> Id { get; private set; }
    public HostName Host { get; private set; }

    /// <summary>The token a proof must show; kept while the claim lives.</summary>
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
    public DateTimeOffset? VerifiedAt { get; private set; }
    public VerificationMethod? VerifiedBy { get; private set; }
    public string? VerificationReason { get; private set; }
    public int Version { get; private set; }

    public bool IsVerified => VerifiedAt is not null;

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

    /// <summary>What belongs to it has changed.</summary>
    internal void Touch(DateTimeOffset now) => UpdatedAt = now;

    public Result VerifyByOperator(string reason, DateTimeOffset now)
    {
        if (IsVerified) return DomainErrors.AlreadyVerified;
        var checkedReason = DisplayName.Check(reason, "reason");
        if (!checkedReason.IsOk) return checkedReason.Error;
        (VerifiedAt, VerifiedBy, VerificationReason, UpdatedAt) = (now, VerificationMethod.Operator, checkedReason.Value, now);
        return Result.Ok;
    }
}
