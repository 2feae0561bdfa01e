using Microsoft.AspNetCore.WebUtilities;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Tokens;
using TenantIdP.Saml.Responses;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>
/// What an answer that nobody asked for may do: begin a sign-in at the one app that the connection names (OpenID Connect Core section 4), which then asks properly. It never
/// signs anybody in, because the browser that brings it may be somebody else's (SECURITY.md A14).
/// </summary>
internal sealed class SamlUnsolicited(IAppRegistry apps, IssuerOptions issuer)
{
    /// <summary>Where the sign-in begins, or null when the app is gone or names no address for it.</summary>
    public async Task<string?> StartAsync(ConnectionSnapshot connection, ValidatedResponse response, CancellationToken ct)
    {
        if (connection.Saml?.IdpInitiatedApp is not { } clientId || await apps.FindByClientIdAsync(clientId, ct) is not { InitiateLoginUri: { } start }) return null;
        var query = new Dictionary<string, string?> { ["iss"] = issuer.Issuer, ["organization"] = connection.OrganizationId.ToString() };
        if (SamlIdentity.Read(response, connection).Value?.Email is { } email) query["login_hint"] = email.Value;
        return QueryHelpers.AddQueryString(start, query);
    }
}
