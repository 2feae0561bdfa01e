using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Tokens;
using TenantIdP.Engine.OpenIddict.Keys;

namespace TenantIdP.Engine.OpenIddict.Tokens;

/// <summary>Logout tokens (OpenID Connect Back-Channel Logout 1.0 section 2.4), by the keys that apps know already.</summary>
internal sealed class LogoutTokens(KeyRing ring, IssuerOptions issuer, TimeProvider clock) : ILogoutTokens
{
    private const string Event = "http://schemas.openid.net/event/backchannel-logout";

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(2);
    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    public string Create(App app, LogoutNotice notice, string id)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        var claims = new Dictionary<string, object>
        {
            ["sub"] = notice.UserId.ToString(), ["sid"] = notice.SessionId.ToString(), ["jti"] = id,
            ["events"] = new Dictionary<string, object> { [Event] = new Dictionary<string, object>() },
        };
        if (notice.OrganizationId is { } organization) claims["org_id"] = organization.ToString();
        return Handler.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = "logout+jwt", Issuer = issuer.Issuer, Audience = app.ClientId, IssuedAt = now, Expires = now + Lifetime, Claims = claims,
            SigningCredentials = ring.Active(app.IdTokenAlgorithm),
        });
    }
}

