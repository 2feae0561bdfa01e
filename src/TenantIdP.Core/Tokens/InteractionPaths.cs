namespace TenantIdP.Core.Tokens;

/// <summary>Where an engine sends people, relative to the issuer; and the paths an engine serves.</summary>
public static class InteractionPaths
{
    /// <summary><c>return</c>: the authorization request to go back to. <c>connection</c>: the one a step-up needs.</summary>
    public const string SignIn = "/signin";

    /// <summary><c>return</c> as above.</summary>
    public const string ChooseOrganization = "/organizations/choose";

    /// <summary>Asks before it signs out. <c>return</c>: the end-session request to go back to.</summary>
    public const string SignOut = "/signout";

    /// <summary><c>error</c> and <c>error_description</c> of a request that can't be answered at the app.</summary>
    public const string Error = "/error";

    /// <summary>Where a person types what a device shows. <c>user_code</c>: the code, when they followed its link.</summary>
    public const string Device = "/device";

    /// <summary>Where the person says yes or no: the device's pending request, sealed.</summary>
    public const string ConfirmDevice = "/device/confirm";

    /// <summary>Followed by the token: where the link of an invitation leads. It goes on at once to <see cref="Invitation"/>, so that the token is in no address that stays.</summary>
    public const string InvitationLink = "/invitations";

    /// <summary>Where the person is asked about the invitation that this browser opened.</summary>
    public const string Invitation = "/invitation";

    /// <summary>Where the invited person makes an account or gives one its first password.</summary>
    public const string InvitationAccount = "/invitation/account";

    /// <summary>Opens the invitation of an app's request. <c>return</c>: the request to go back to.</summary>
    public const string OpenInvitation = "/invitation/open";

    /// <summary>Where a mailed code is typed. <c>code</c>: the code, when they followed the mail's link.</summary>
    public const string Code = "/signin/code";

    /// <summary>Where whoever typed one chooses a new password.</summary>
    public const string NewPassword = "/signin/new-password";

    /// <summary>Where a person who is signed in shows a second factor, or goes on to <see cref="Enroll"/> when they have none. <c>return</c>: the request to go back to.</summary>
    public const string Factor = "/signin/factor";

    /// <summary>Where a person sets a second factor or a passkey up because it is asked of them. <c>return</c> as above.</summary>
    public const string Enroll = "/signin/enroll";

    /// <summary>Asks whether an app may have what it asks for. <c>return</c> as above.</summary>
    public const string Consent = "/signin/consent";

    public const string ReturnParameter = "return";
    public const string ConnectionParameter = "connection";

    public const string Authorize = "/connect/authorize";
    public const string EndSession = "/connect/endsession";
}
