using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.SignIn;

/// <summary>Why a sign-in was refused. The messages are for the person on the page; none tells whether somebody else has an account.</summary>
public static class SignInErrors
{
    public static readonly Error ConnectionUnavailable = new(ErrorKind.NotFound, "connection_unavailable", "This organization's sign-in is switched off. Ask your organization's administrator.");
    public static readonly Error SubjectInvalid = new(ErrorKind.Invalid, "subject_invalid", "Your identity provider did not say who you are. Ask your organization's administrator to check the subject claim.");

    public static readonly Error EmailDomainNotAllowed = new(ErrorKind.Forbidden, "email_domain_not_allowed",
        "Your email address is not in a domain that this organization takes people from. Ask your organization's administrator.");

    public static readonly Error EmailNotVerified = new(ErrorKind.Forbidden, "email_not_verified",
        "Your identity provider did not confirm your email address. Ask your organization's administrator to have it confirmed, or to trust this connection's addresses.");

    public static readonly Error JitDisabled = new(ErrorKind.Forbidden, "jit_disabled", "You have no account in this organization yet. Ask your organization's administrator to add you.");
    public static readonly Error MemberLimitReached = new(ErrorKind.Forbidden, "member_limit_reached", "Your organization has as many members as it may. Ask your organization's administrator.");

    public static readonly Error SingleOrganization = new(ErrorKind.Forbidden, "single_org_policy",
        "You are a member of another organization, and one of the two allows no second one. Ask your organization's administrator.");

    public static readonly Error MembershipEnded = new(ErrorKind.Forbidden, "membership_ended", "Your membership of this organization has ended. Ask your organization's administrator.");
    public static readonly Error MembershipPending = new(ErrorKind.Forbidden, "membership_pending", "Your membership of this organization is not active yet. Ask your organization's administrator.");
    public static readonly Error UserSuspended = new(ErrorKind.Forbidden, "user_suspended", "Your account is suspended. Ask your administrator.");

    public static readonly Error LinkRequiresProof = new(ErrorKind.Conflict, "link_requires_proof",
        "There is an account with your email address already. Sign in to it once the way you used to, and the two will be connected.");

    public static readonly Error LinkRefused = new(ErrorKind.Forbidden, "link_refused", "This sign-in can't be connected to your account. Ask your administrator.");

    public static readonly Error WrongCredentials = new(ErrorKind.Invalid, "wrong_credentials", "The email address or the password is not right.");
    public static readonly Error CodeWrong = new(ErrorKind.Invalid, "code_wrong", "This is not the code from the newest mail. Type its eight digits, in the browser where you asked for it.");
    public static readonly Error CodeOver = new(ErrorKind.Invalid, "code_over", "This code no longer works. Ask for a new one.");
    public static readonly Error UpstreamFailed = new(ErrorKind.Unavailable, "upstream_failed", "Your organization's identity provider did not answer as it should. Give the trace below to your organization's administrator.");
    public static readonly Error StateMismatch = new(ErrorKind.Invalid, "state_mismatch", "This sign-in was started elsewhere or too long ago. Start again from the application.");
}
