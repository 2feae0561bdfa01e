using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Domains;

public static class DomainErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "domain_not_found", "There is no such domain in this organization.");
    public static readonly Error HostInvalid = new(ErrorKind.Invalid, "host_invalid", "Give a host name such as example.com, not an address or a single word.", "host");
    public static readonly Error Reserved = new(ErrorKind.Invalid, "domain_reserved", "The name is reserved for tests, examples or private networks; an operator can allow it for this instance.", "host");
    public static readonly Error PublicSuffix = new(ErrorKind.Invalid, "domain_public_suffix", "Anybody may register names below it, so nobody can claim it. Give your own domain.", "host");
    public static readonly Error Consumer = new(ErrorKind.Invalid, "domain_consumer", "Anybody can have an address there, so no organization can claim it. Give your own domain.", "host");
    public static readonly Error Disposable = new(ErrorKind.Invalid, "domain_disposable", "It gives addresses that are thrown away, so no organization can claim it. Give your own domain.", "host");
    public static readonly Error LimitReached = new(ErrorKind.Conflict, "domain_limit_reached", "The organization has claimed as many domains as it may: release one first.");
    public static readonly Error AlreadyClaimed = new(ErrorKind.Conflict, "domain_already_claimed", "This organization has claimed the domain already.", "host");
    public static readonly Error AlreadyVerified = new(ErrorKind.Conflict, "domain_already_verified", "The domain is verified already.");

    /// <summary>Does not say whose it is.</summary>
    public static readonly Error Unavailable = new(ErrorKind.Conflict, "domain_unavailable", "The domain can't be verified for this organization; ask the operator if you own it.");

    public static readonly Error RolePrivileged = new(ErrorKind.Invalid, "default_role_privileged",
        "Nobody gets a role by an address that changes the organization: owner, admin, and what permits to write or delete anything of it.", "defaultRole");

    public static readonly Error RoleUnknown = new(ErrorKind.Invalid, "default_role_unknown", "There is no role with this key in this organization.", "defaultRole");
    public static readonly Error ConnectionUnknown = new(ErrorKind.Invalid, "domain_connection_unknown", "A rule names a connection that this organization does not have.", "connections");

    public static readonly Error RuleInvalid = new(ErrorKind.Invalid, "domain_rule_invalid",
        "Give at most 20 different rules of a connection and, if they have a condition, a host of this domain or *. and one; each condition once.", "connections");

    public static readonly Error StillRequired = new(ErrorKind.Conflict, "domain_required_by_policy",
        "The organization requires SSO and this is its last domain that was verified by DNS or an operator; switch the policy off first.");

    public static readonly Error MethodOff = new(ErrorKind.Invalid, "domain_method_off", "This instance does not accept that method; take one that the domain's records list.", "method");
    public static readonly Error NeedsDnsProof = new(ErrorKind.Conflict, "domain_needs_dns_proof", "A file or a meta tag does not prove this domain, because DNS did before: publish the DNS record.");
    public static readonly Error ChallengeChanged = new(ErrorKind.Conflict, "domain_challenge_changed", "The token was replaced while the proof was looked for: publish the new one and verify again.");
    public static readonly Error ChallengeInUse = new(ErrorKind.Conflict, "domain_challenge_in_use", "The domain's proof is looked for by this token every day, or is about to be counted: it is not replaced now.");
    public static readonly Error Held = new(ErrorKind.Conflict, "domain_held", "This organization holds the domain, or one above it: an affiliation adds nothing. If it has lapsed, prove it again.");
    public static readonly Error MailboxElsewhere = new(ErrorKind.Invalid, "affiliation_mailbox_elsewhere", "Give a mailbox at this very domain, neither above nor below it, that you can read.", "email");
    public static readonly Error TooManyCodes = new(ErrorKind.TooMany, "affiliation_codes_exhausted", "Too many codes were mailed for this organization, to this domain or to this mailbox: wait a day.");
    public static readonly Error NoCode = new(ErrorKind.Conflict, "affiliation_code_missing", "No code is waiting for this domain, or it is older than fifteen minutes: ask for a new one.", "code");
    public static readonly Error CodeWrong = new(ErrorKind.Invalid, "affiliation_code_wrong", "This is not the code that was mailed last. It can be tried five times.", "code");
    public static readonly Error CodeSpent = new(ErrorKind.TooMany, "affiliation_tries_exhausted", "The code was tried five times: ask for a new one.", "code");
    public static readonly Error TooManyChecks = new(ErrorKind.TooMany, "domain_checks_exhausted", "The proof was looked for too often; wait ten minutes. It is looked for by itself, too.");
}
