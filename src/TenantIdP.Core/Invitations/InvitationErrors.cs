using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Invitations;

public static class InvitationErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "invitation_not_found", "There is no such invitation in this organization.");
    public static readonly Error MessageInvalid = new(ErrorKind.Invalid, "invitation_message_invalid", "A message has at most 500 characters, and no control characters but line breaks.", "message");
    public static readonly Error ExpiryInvalid = new(ErrorKind.Invalid, "invitation_expiry_invalid", "An invitation is open for 1 hour to 90 days (2,160 hours).", "expiresInHours");

    public static readonly Error AppInvalid = new(ErrorKind.Invalid, "invitation_app_invalid",
        "Name a registered app with an initiateLoginUri: people go there when they have joined, and nowhere else.", "appId");

    public static readonly Error WorkspaceUnknown = new(ErrorKind.Invalid, "invitation_workspace_unknown", "A workspace is not of this organization, or it is archived.", "workspaces");
    public static readonly Error TooManyWorkspaces = new(ErrorKind.Invalid, "invitation_workspaces_invalid", "Name at most 50 workspaces, each once.", "workspaces");
    public static readonly Error NotOpen = new(ErrorKind.Conflict, "invitation_not_pending", "This invitation has ended: it was accepted, declined or revoked.");
    public static readonly Error NoRequest = new(ErrorKind.Conflict, "invitation_no_request", "Nobody asks to accept this invitation with another address.");
    public static readonly Error Bounded = new(ErrorKind.TooMany, "invitation_limit", "Too many invitations were sent in the last hour, by you or by this organization. Wait, and send the rest later.");
    public static readonly Error ResendLimit = new(ErrorKind.TooMany, "invitation_resend_limit", "This invitation was sent again five times in 24 hours. Wait until tomorrow.");
    public static readonly Error AddressLimit = new(ErrorKind.TooMany, "invitation_address_limit", "This organization has sent ten invitations to this address in 24 hours. Wait until tomorrow.");

    // To people who have opened a link; each has a page of its own.
    public static readonly Error Unknown = new(ErrorKind.NotFound, "invitation_unknown", "This invitation is not known here. Open the newest link that you were sent.");
    public static readonly Error Expired = new(ErrorKind.Conflict, "invitation_expired", "This invitation has expired. Ask for a new one.");
    public static readonly Error Revoked = new(ErrorKind.Conflict, "invitation_revoked", "This invitation was taken back.");
    public static readonly Error Used = new(ErrorKind.Conflict, "invitation_used", "This invitation was used already.");
    public static readonly Error Declined = new(ErrorKind.Conflict, "invitation_declined", "This invitation was declined.");
    public static readonly Error WrongAccount = new(ErrorKind.Forbidden, "invitation_wrong_account", "You are signed in with another account than the one that was invited.");
    public static readonly Error ProofRequired = new(ErrorKind.Forbidden, "invitation_proof_required", "Sign in the way that the invited address asks for.");
    public static readonly Error OrganizationClosed = new(ErrorKind.Forbidden, "invitation_organization_closed", "This organization takes nobody in at the moment. Ask whoever invited you.");

    public static readonly Error AskLimit = new(ErrorKind.TooMany, "invitation_ask_limit", "Too many people have asked to join by this link today. Try again tomorrow.");

    public static readonly Error AccountUnavailable = new(ErrorKind.Forbidden, "invitation_account_unavailable",
        "Your account can't be used for this. Ask whoever invited you.");
}
