using Microsoft.AspNetCore.Http;

namespace TenantIdP.Client;

/// <summary>What a web application that signs people in has to say.</summary>
public sealed class TenantIdPOptions
{
    /// <summary>The issuer, such as <c>https://login.example.com</c>. Plain http is accepted on a loopback address only.</summary>
    public string Issuer { get; set; } = "";

    /// <summary>The app's client id.</summary>
    public string ClientId { get; set; } = "";

    /// <summary>The app's client secret.</summary>
    public string ClientSecret { get; set; } = "";

    /// <summary>Identifier of the API whose permissions the app checks. Without it, no permission is held by anybody.</summary>
    public string? Api { get; set; }

    /// <summary>Scopes besides <c>openid</c> and <c>offline_access</c>, which are always asked for.</summary>
    public IList<string> Scopes { get; } = ["profile", "email"];

    /// <summary>Stem of the names of the cookies; over https the session's is prefixed with <c>__Host-</c>. Applications on one host name need different ones.</summary>
    public string CookieName { get; set; } = "tenantidp";

    /// <summary>
    /// How long a session may last at most. Tokens are refreshed all the while. A grant that ended ends the session at that refresh. When the organization's policy refuses the
    /// refresh (more proof is needed, or access was taken away), nobody is signed in any more and the next challenge asks for what is missing. While the login host does not
    /// answer, the person stays signed in, without organization, roles and permissions once the access token is over.
    /// </summary>
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromHours(8);

    /// <summary>Registered at the login host as redirect URI.</summary>
    public PathString CallbackPath { get; set; } = "/signin-oidc";

    /// <summary>Registered at the login host as post-logout redirect URI.</summary>
    public PathString SignedOutCallbackPath { get; set; } = "/signout-callback-oidc";

    /// <summary>Registered at the login host as back-channel logout URI: where it says that somebody is signed out.</summary>
    public PathString BackChannelLogoutPath { get; set; } = "/backchannel-logout";

    /// <summary>
    /// Asks the login host when a token has too many permissions to list them (<c>permissions_overage</c>); the app needs the scope
    /// <c>authorization:check</c>. Otherwise the answer is no.
    /// </summary>
    public bool AskWhenPermissionsOverflow { get; set; }

    /// <summary>Answers a sign-in that did not complete. Without it, a short text with status 400.</summary>
    public Func<HttpContext, SignInFailure, Task>? SignInFailed { get; set; }
}

/// <summary>A sign-in that did not complete. A session that was there before is untouched.</summary>
/// <param name="Error">The OAuth error of the login host, such as <c>access_denied</c>; null when its answer could not be accepted.</param>
public sealed record SignInFailure(string? Error);
