using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Organizations;

public static class OrganizationErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "organization_not_found", "There is no such organization.");
    public static readonly Error SlugInvalid = new(ErrorKind.Invalid, "slug_invalid", "A slug is 2 to 63 of a-z, 0-9 and '-', not a reserved word.", "slug");
    public static readonly Error SlugTaken = new(ErrorKind.Conflict, "slug_taken", "Another organization has this slug; choose another.", "slug");
    public static readonly Error ExternalIdTaken = new(ErrorKind.Conflict, "external_id_taken", "Another organization has this external id.", "externalId");
    public static readonly Error ExternalIdInvalid = new(ErrorKind.Invalid, "external_id_invalid", "An external id is 1 to 200 characters without control characters.", "externalId");

    public static readonly Error OwnerUnknown = new(ErrorKind.Invalid, "owner_unknown",
        "No active user has this id or has verified this email address. Create the user first, or create the organization without an owner.", "owner");

    public static readonly Error MemberLimitInvalid = new(ErrorKind.Invalid, "member_limit_invalid", "A member limit is 1 to 10,000,000, or null for none.", "memberLimit");

    public static readonly Error MembershipDomainsInvalid = new(ErrorKind.Invalid, "membership_domains_invalid",
        "membershipDomains is list together with 1 to 100 host names in membershipDomainList, or any or verified_only without one.", "membershipDomainList");

    public static readonly Error MembersElsewhere = new(ErrorKind.Conflict, "members_elsewhere",
        "Some members are in other organizations, too: GET …/members-elsewhere lists them. Nobody is removed by this setting; end one of the memberships first.", "exclusiveMembership");

    public static readonly Error Deleting = new(ErrorKind.Conflict, "organization_deleting", "The organization is being deleted; restore it first.");
    public static readonly Error NotDeleting = new(ErrorKind.Conflict, "organization_not_deleting", "The organization is not being deleted: delete it first, then wait or purge it.");
    public static readonly Error PurgeNotConfirmed = new(ErrorKind.Invalid, "purge_not_confirmed", "Give the organization's slug to confirm: a purge can't be undone.", "confirm");

    public static readonly Error SsoNeedsConnection = new(ErrorKind.Conflict, "require_sso_needs_connection",
        "SSO can be required only when the organization has an active connection and a domain verified by DNS or by an operator.", "requireSso");

    public static readonly Error SsoUntested = new(ErrorKind.Conflict, "sso_untested",
        "SSO can be required only within 24 hours after a test sign-in of an active connection: run the test first.", "requireSso");

    public static readonly Error RolloutInvalid = new(ErrorKind.Invalid, "rollout_invalid", "A roll-out is 1 to 100 percent of the members.", "rolloutPercent");

    public static readonly Error ExceptRolesInvalid = new(ErrorKind.Invalid, "sso_roles_invalid",
        "Name 1 to 50 roles with the mode required_except_roles, and none with another; a roll-out names 1 to 50 roles or none at all.", "exceptRoles");

    public static readonly Error SsoRoleUnknown = new(ErrorKind.Invalid, "sso_role_unknown", "The organization has no role with one of these keys.", "exceptRoles");

    public static readonly Error SsoRolePrivileged = new(ErrorKind.Invalid, "sso_role_privileged",
        "Owners, admins and what extends them are never spared: name break-glass owners for when the sign-in is broken.", "exceptRoles");

    public static readonly Error BreakGlassInvalid = new(ErrorKind.Invalid, "break_glass_invalid",
        "Break-glass owners are at most 3 active owners of the organization, each with a password of their own here.", "breakGlass");

    public static readonly Error UnlockReasonInvalid = new(ErrorKind.Invalid, "unlock_reason_invalid", "Give a reason of 1 to 500 characters: it is kept, and told to the owners.", "reason");
}
