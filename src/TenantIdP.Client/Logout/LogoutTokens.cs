using System.Text.Json;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using TenantIdP.Client.Sessions;

namespace TenantIdP.Client.Logout;

/// <summary>A token that was found good.</summary>
/// <param name="Id">The <c>jti</c>.</param>
/// <param name="Ended">What it is about.</param>
internal sealed record LogoutToken(string Id, EndedSession Ended);

/// <summary>
/// Validates logout tokens (OpenID Connect Back-Channel Logout 1.0 section 2.6) by the keys of the sign-in handler. A key that is not known makes it read the login host's keys
/// again, at most once in five minutes, so that nobody can make it ask without end.
/// </summary>
internal sealed class LogoutTokens(IOptionsMonitor<OpenIdConnectOptions> handlers, IOptions<TenantIdPOptions> options, TimeProvider clock)
{
    private const string Event = "http://schemas.openid.net/event/backchannel-logout";
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    /// <summary>Of a token, from its making to its end; the login host's live for two minutes.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private static readonly JsonWebTokenHandler Tokens = new() { MaximumTokenSizeInBytes = 16 * 1024 };

    /// <returns>The token, or why it is none.</returns>
    public async Task<(LogoutToken? Token, string Reason)> ReadAsync(string text)
    {
        var oidc = handlers.Get(TenantIdPSchemes.SignIn);
        var parameters = oidc.TokenValidationParameters.Clone(); // issuer, algorithms, signature, expiry
        parameters.ConfigurationManager = (BaseConfigurationManager?)oidc.ConfigurationManager;
        parameters.ValidAudience = options.Value.ClientId;
        parameters.ValidTypes = ["logout+jwt"];
        var result = await Tokens.ValidateTokenAsync(text, parameters);
        if (!result.IsValid || result.SecurityToken is not JsonWebToken token)
            return (null, result.Exception?.GetType().Name ?? "not a token");

        if (!token.TryGetPayloadValue<long>("iat", out _) || token.IssuedAt - Skew > clock.GetUtcNow() || token.ValidTo - token.IssuedAt > Longest)
            return (null, "its times are wrong");
        if (token.TryGetPayloadValue<object>("nonce", out _))
            return (null, "it has a nonce, as an id token has");
        if (!token.TryGetPayloadValue<JsonElement>("events", out var events) || events.ValueKind != JsonValueKind.Object || !events.TryGetProperty(Event, out var logout) || logout.ValueKind != JsonValueKind.Object)
            return (null, "it is not about a logout");
        var (sid, sub, id, organization) = (Text(token, "sid"), Text(token, "sub"), Text(token, "jti"), Text(token, "org_id"));
        return id is null ? (null, "it has no jti") : sid is null && sub is null ? (null, "it names neither a session nor a person") : (new LogoutToken(id, new EndedSession(sid, sub, organization)), "");
    }

    private static string? Text(JsonWebToken token, string claim) => token.TryGetPayloadValue<string>(claim, out var text) && text.Length > 0 ? text : null;
}
