using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Domains;

public static class DomainErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "domain_not_found", "There is no such domain in this organization.");
    public static readonly Error HostInvalid = new(ErrorKind.Invalid, "host_invalid", "Give a host name such as example.com, not an address or a single word.", "host");
    public static readonly Error AlreadyClaimed = new(ErrorKind.Conflict, "domain_already_claimed", "This organization has claimed the domain already.", "host");
    public static readonly Error AlreadyVerified = new(ErrorKind.Conflict, "domain_already_verified", "The domain is verified already.");

    /// <summary>Does not say whose it is.</summary>
    public static readonly Error Unavailable = new(ErrorKind.Conflict, "domain_unavailable", "The domain can't be verified for this organization; ask the operator if you own it.");

    public static readonly Error StillRequired = new(ErrorKind.Conflict, "domain_required_by_policy",
        "The organization requires SSO and this is its last domain that was verified by DNS or an operator; switch the policy off first.");
}
