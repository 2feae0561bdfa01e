using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace TenantIdP.Client;

/// <summary>Says where a sign-in leads.</summary>
public static class TenantIdPChallenge
{
    internal const string Organization = "organization", Workspace = "workspace";

    /// <summary>Properties for a challenge of <see cref="TenantIdPSchemes.SignIn"/>.</summary>
    /// <param name="organization">Id or slug of the organization to sign in to; null lets the person choose.</param>
    /// <param name="loginHint">An address to fill in.</param>
    /// <param name="workspace">Workspace of the organization.</param>
    /// <param name="returnUrl">A path of this site to come back to; anything else becomes <c>/</c>.</param>
    public static AuthenticationProperties For(string? organization = null, string? loginHint = null, string? workspace = null, string? returnUrl = null)
    {
        var properties = new OpenIdConnectChallengeProperties { RedirectUri = Address.Local(returnUrl) };
        foreach (var (name, value) in ((string, string?)[])[(Organization, organization), (OpenIdConnectParameterNames.LoginHint, loginHint), (Workspace, workspace)])
        {
            if (!string.IsNullOrEmpty(value))
                properties.SetParameter(name, value);
        }

        return properties;
    }
}
