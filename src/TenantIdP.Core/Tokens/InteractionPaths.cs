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

    public const string ReturnParameter = "return";
    public const string ConnectionParameter = "connection";

    public const string Authorize = "/connect/authorize";
    public const string EndSession = "/connect/endsession";
}
