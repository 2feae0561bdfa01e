using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Directories;

/// <summary>Why a user of a directory is refused. Identity providers show the text to the person who set them up. <see cref="Error.Field"/> is the attribute.</summary>
public static class DirectoryUserErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "directory_user_not_found", "There is no such user in this directory.");
    public static readonly Error UserNameTaken = new(ErrorKind.Conflict, "directory_user_taken", "Another user of this directory has this userName.", "userName");
    public static readonly Error ExternalIdTaken = new(ErrorKind.Conflict, "directory_user_taken", "Another user of this directory has this externalId.", "externalId");

    public static readonly Error EmailDomainNotAllowed = new(ErrorKind.Invalid, "email_domain_not_allowed",
        "The address is not in a domain that this organization has verified. Verify the domain, or change what the directory does with users outside of it.", "emails");

    public static readonly Error EmailTaken = new(ErrorKind.Conflict, "email_taken",
        "An account that this directory can't take over has this address already. Have its owner join the organization first, or verify the domain by DNS.", "emails");

    public static readonly Error PersonUnavailable = new(ErrorKind.Conflict, "person_unavailable",
        "The account with this address can't be a member: it is suspended, or it is an operator's.", "emails");

    public static readonly Error MembershipEnded = new(ErrorKind.Conflict, "membership_ended",
        "This person was a member, and somebody in the organization has ended that. An owner has to bring them back first.");

    public static readonly Error LimitReached = new(ErrorKind.Forbidden, "member_limit_reached", "The organization has as many members as it may: deactivate somebody first, or have the limit raised.");

    public static readonly Error SingleOrganization = new(ErrorKind.Conflict, "single_org_policy",
        "This person is a member of another organization, and one of the two allows no second one.");
}
