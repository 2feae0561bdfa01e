using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Members;

public static class MemberErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "member_not_found", "There is no such member in this organization.");
    public static readonly Error AlreadyMember = new(ErrorKind.Conflict, "already_member", "This user is a member already.");
    public static readonly Error LimitReached = new(ErrorKind.Conflict, "member_limit_reached", "The organization has as many members as it may: end a membership first, or have the limit raised.");

    public static readonly Error SingleOrganization = new(ErrorKind.Conflict, "single_org_policy",
        "This person may be in one organization only and is in another already: end that membership first.");

    public static readonly Error EmailDomainNotAllowed = new(ErrorKind.Conflict, "email_domain_not_allowed",
        "The organization takes people with verified addresses of certain domains only (membershipDomains), and this address or person has none: use another address, or change the setting.");

    public static readonly Error InvitationRequired = new(ErrorKind.Forbidden, "invitation_required", "Only an operator's app can add a user without asking them.");
    public static readonly Error LastOwner = new(ErrorKind.Conflict, "last_owner", "An organization always has an owner: make somebody else an owner first.");
    public static readonly Error OwnerRequired = new(ErrorKind.Forbidden, "owner_required", "Only an owner of the organization may pass the ownership on.");
    public static readonly Error TransferToSelf = new(ErrorKind.Invalid, "transfer_to_self", "Name another member.", "toMemberId");
    public static readonly Error TransferTargetInactive = new(ErrorKind.Conflict, "member_not_active", "An owner is an active member with an active account.", "toMemberId");
    public static readonly Error Ended = new(ErrorKind.Conflict, "membership_ended", "This membership has ended; reactivate it first.");
    public static readonly Error NotEnded = new(ErrorKind.Conflict, "membership_active", "This membership is active already.");
    public static readonly Error NotPending = new(ErrorKind.Conflict, "membership_not_pending", "Only a pending membership is activated.");
    public static readonly Error TooManyRoles = new(ErrorKind.Conflict, "member_role_limit", "The member has as many roles as one may: take one away first.");

    public static readonly Error ManagedByDirectory = new(ErrorKind.Conflict, "managed_by_directory",
        "The organization's directory decides about the roles of this member: change the groups there, or switch directoryAuthoritative off.");

    public static readonly Error RoleNotHeld = new(ErrorKind.NotFound, "member_role_not_found", "The member does not have this role.");

    public static readonly Error RoleManagedElsewhere = new(ErrorKind.Conflict, "role_managed_elsewhere",
        "The organization's identity provider or directory gives this role; take it away there.");
}
