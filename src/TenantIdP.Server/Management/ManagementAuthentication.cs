using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>Reads the bearer token (RFC 6750 section 2.1, the header only), which may be an organization's key. What its holder may do is <see cref="ManagementAccess"/>'s question.</summary>
internal sealed class ManagementAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, IAccessTokens tokens, KeyAdmission keys)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Management";

    private const string Prefix = "Bearer ";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization;
        if (header.Count == 0) return AuthenticateResult.NoResult();
        if (header is not [{ } single] || !single.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)) return AuthenticateResult.Fail("not a bearer token");
        var presented = single[Prefix.Length..].Trim();
        if (KeySecret.IsKey(presented))
        {
            if (await keys.FindAsync(Context, presented) is not { } key) return AuthenticateResult.Fail("not a valid key");
            Context.Features.Set(key);
            return Succeed(key.Id.ToString());
        }

        if (await tokens.ReadAsync(presented, Context.RequestAborted) is not { } facts) return AuthenticateResult.Fail("not a valid token");

        Context.Features.Set(facts);
        return Succeed(facts.UserId?.ToString() ?? facts.ClientId);
    }

    private static AuthenticateResult Succeed(string subject) =>
        AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", subject)], SchemeName, "sub", roleType: null)), SchemeName));

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var hadToken = Request.Headers.Authorization.Count > 0;
        Response.Headers.WWWAuthenticate = hadToken ? "Bearer error=\"invalid_token\"" : "Bearer";
        Response.Headers[HeaderNames.CacheControl] = "no-store";
        return Problems.WriteAsync(Context, hadToken ? EdgeProblems.InvalidToken : EdgeProblems.Unauthenticated);
    }
}
