using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;

namespace TenantIdP.Server.Login;

/// <summary>A page that says why an invitation leads nowhere, to the person who opened it. Names no address (SECURITY.md C3).</summary>
internal sealed record InvitationNotice(int Status, string Code, string Heading, string Message)
{
    public static readonly InvitationNotice Declined = new(StatusCodes.Status200OK, "declined", "You said no", "Whoever invited you will see that. You can close this page.");

    public static readonly InvitationNotice Waiting = new(StatusCodes.Status200OK, "waiting", "You have asked to join", "Whoever invited you is asked whether you may join with this account. Come back to this link later: it lets you in when they have said yes.");

    public static readonly InvitationNotice Denied = new(StatusCodes.Status403Forbidden, "request_denied", "This account was not let in", "Whoever invited you said no to this account. Switch to the account that was invited, or ask them.");

    public static readonly InvitationNotice Elsewhere = new(StatusCodes.Status403Forbidden, "sign_in_elsewhere", "Sign in first", "There is an account with your address already, and it has no password here. Sign in the way you usually do, then open the link of your invitation again.");

    public static InvitationNotice Of(Error error) => error switch
    {
        _ when error == InvitationErrors.Expired => Gone(error, "This invitation has expired", "It was open for a limited time only. Ask whoever invited you to send it again."),
        _ when error == InvitationErrors.Revoked => Gone(error, "This invitation was taken back", "Ask whoever invited you if you think that this is a mistake."),
        _ when error == InvitationErrors.Used => Gone(error, "This invitation was used already", "If that was you, open the application and sign in. If not, ask whoever invited you for a new one."),
        _ when error == InvitationErrors.Declined => Gone(error, "This invitation was declined", "Somebody with this link said no to it. Ask whoever invited you for a new one if you want to join after all."),
        _ when error == InvitationErrors.WrongAccount => Refused(error, "You are signed in with another account", "This invitation is for somebody else than the account that you are signed in with."),
        _ when error == InvitationErrors.OrganizationClosed => Refused(error, "You can’t join at the moment", "This organization takes nobody in at the moment. Ask whoever invited you."),
        _ when error == InvitationErrors.AskLimit => new(StatusCodes.Status429TooManyRequests, error.Code, "Too many people have asked", error.Message),
        _ when error == MemberErrors.LimitReached => Refused(error, "You can’t join at the moment", SignInErrors.MemberLimitReached.Message),
        _ when error == MemberErrors.SingleOrganization => Refused(error, "You can’t join this organization", SignInErrors.SingleOrganization.Message),
        _ when error == MemberErrors.EmailDomainNotAllowed => Refused(error, "You can’t join this organization", SignInErrors.EmailDomainNotAllowed.Message),
        _ when error == MemberErrors.Ended => Refused(error, "You can’t join this organization", SignInErrors.MembershipEnded.Message),
        _ when error == MemberErrors.TooManyRoles => Refused(error, "You can’t join at the moment", "You have as many roles in this organization as one may. Ask whoever invited you."),
        _ when error == InvitationErrors.AccountUnavailable || error == UserErrors.Ended => Refused(error, "Your account can’t be used for this", "Ask whoever invited you."),
        _ when error == VersionErrors.ChangedMeanwhile => new(StatusCodes.Status409Conflict, error.Code, "Once more, please", "Something else happened to your account at the same moment. Open the link of your invitation again."),
        _ => new(StatusCodes.Status404NotFound, InvitationErrors.Unknown.Code, "This invitation is not known", "Open the newest link that you were sent. An older one stops working when another is sent."),
    };

    private static InvitationNotice Gone(Error error, string heading, string message) => new(StatusCodes.Status410Gone, error.Code, heading, message);

    private static InvitationNotice Refused(Error error, string heading, string message) => new(StatusCodes.Status403Forbidden, error.Code, heading, message);
}
