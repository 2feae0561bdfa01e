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

/// <summary>A host an organization says it owns. Only a verified one routes sign-ins, assigns users or allows linking by email.</summary>
public sealed class OrganizationDomain : IOrganizationOwned, IHasIdPrefix, IVersioned
{
    private OrganizationDomain(Id<Organization> organizationId, Id<OrganizationDomain> id, HostName host, string challenge, DateTimeOffset claimedAt) =>
        (OrganizationId, Id, Host, Challenge, ClaimedAt, UpdatedAt) = (organizationId, id, host, challenge, claimedAt, claimedAt);

    public static string IdPrefix => "dom";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<OrganizationDomain> Id { get; private set; }
    public HostName Host { get; private set; }

    /// <summary>The token a proof must show; kept while the claim lives.</summary>
    public string Challenge { get; private set; }

    /// <summary>Sub-domains that nobody else verified route here too.</summary>
    public bool IncludeSubdomains { get; private set; }

    public DateTimeOffset ClaimedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }
    public DateTimeOffset? VerifiedAt { get; private set; }
    public VerificationMethod? VerifiedBy { get; private set; }
    public string? VerificationReason { get; private set; }
    public int Version { get; private set; }

    public bool IsVerified => VerifiedAt is not null;

    public static OrganizationDomain Claim(Id<Organization> owner, HostName host, bool includeSubdomains, DateTimeOffset now) =>
        new(owner, Id<OrganizationDomain>.New(now), host, MachineSecret.New(""), now) { IncludeSubdomains = includeSubdomains };

    public Result VerifyByOperator(string reason, DateTimeOffset now)
    {
        if (IsVerified) return DomainErrors.AlreadyVerified;
        var checkedReason = DisplayName.Check(reason, "reason");
        if (!checkedReason.IsOk) return checkedReason.Error;
        (VerifiedAt, VerifiedBy, VerificationReason, UpdatedAt) = (now, VerificationMethod.Operator, checkedReason.Value, now);
        return Result.Ok;
    }
}
