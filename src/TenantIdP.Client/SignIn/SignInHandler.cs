using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using TenantIdP.Client.Sessions;

namespace TenantIdP.Client.SignIn;

/// <summary>Sign-in by code with PKCE, state and nonce (all by Microsoft's handler), kept in a session of ours.</summary>
internal sealed class SignInHandler(IOptions<TenantIdPOptions> settings, ILogger<SignInHandler> log) : IConfigureNamedOptions<OpenIdConnectOptions>
{
    private TenantIdPOptions Settings => settings.Value;

    public void Configure(OpenIdConnectOptions oidc) => Configure(Options.DefaultName, oidc);

    public void Configure(string? name, OpenIdConnectOptions oidc)
    {
        if (name != TenantIdPSchemes.SignIn)
            return;

        (oidc.SignInScheme, oidc.SignOutScheme) = (TenantIdPSchemes.Session, TenantIdPSchemes.Session);
        (oidc.Authority, oidc.ClientId, oidc.ClientSecret) = (Address.Of(Settings.Issuer), Settings.ClientId, Settings.ClientSecret);
        (oidc.CallbackPath, oidc.SignedOutCallbackPath) = (Settings.CallbackPath, Settings.SignedOutCallbackPath);
        (oidc.ResponseType, oidc.ResponseMode, oidc.UsePkce) = (OpenIdConnectResponseType.Code, OpenIdConnectResponseMode.Query, true);
        oidc.RequireHttpsMetadata = !Address.IsLoopback(Settings.Issuer);
        oidc.SaveTokens = true;
        oidc.Resource = Settings.Api;
        oidc.MapInboundClaims = false;
        oidc.ClaimActions.Clear(); // the usual ones drop acr
        TokenRules.Apply(oidc.TokenValidationParameters, Settings.Issuer);
        oidc.Scope.Clear();
        foreach (var scope in Settings.Scopes.Prepend("openid").Append("offline_access").Distinct())
            oidc.Scope.Add(scope);

        // The answer comes as a top-level GET, so that Lax is enough.
        var loopback = Address.IsLoopback(Settings.Issuer);
        (oidc.CorrelationCookie.Name, oidc.NonceCookie.Name) = (SessionCookie.Prefix(Settings, host: false) + "_correlation.", SessionCookie.Prefix(Settings, host: false) + "_nonce.");
        foreach (var cookie in (CookieBuilder[])[oidc.CorrelationCookie, oidc.NonceCookie])
            (cookie.SameSite, cookie.SecurePolicy) = (SameSiteMode.Lax, loopback ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always);

        oidc.Events.OnRedirectToIdentityProvider = AddParameters;
        oidc.Events.OnMessageReceived = CheckIssuerAsync;
        oidc.Events.OnTokenValidated = AddPermissionsAsync;
        oidc.Events.OnTicketReceived = KeepAsync;
        oidc.Events.OnRemoteFailure = ExplainAsync;
    }

    private static Task AddParameters(RedirectContext context)
    {
        foreach (var name in (string[])[TenantIdPChallenge.Organization, OpenIdConnectParameterNames.LoginHint, TenantIdPChallenge.Workspace])
        {
            if (context.Properties.GetParameter<string>(name) is { } value)
                context.ProtocolMessage.SetParameter(name, value);
        }

        if (context.ProtocolMessage.GetParameter(TenantIdPChallenge.Organization) is null && SessionCookie.OrganizationThatAsks(context.HttpContext) is { } asks)
            context.ProtocolMessage.SetParameter(TenantIdPChallenge.Organization, asks);

        return Task.CompletedTask;
    }

    // RFC 9207: an answer that names another issuer, or none where there has to be one, was meant for somebody else's request.
    private static async Task CheckIssuerAsync(MessageReceivedContext context)
    {
        var issuer = await context.Options.ConfigurationManager!.GetConfigurationAsync(context.HttpContext.RequestAborted); // the handler always sets one
        if (context.ProtocolMessage.Iss is { Length: > 0 } named ? named != issuer.Issuer : issuer.AuthorizationResponseIssParameterSupported)
            context.Fail("The answer does not name the issuer.");
    }

    private static async Task AddPermissionsAsync(TokenValidatedContext context)
    {
        var tokens = context.HttpContext.RequestServices.GetRequiredService<TokenEndpoint>();
        context.Principal = Session.Principal((ClaimsIdentity)context.Principal!.Identity!, await tokens.AccessTokenAsync(context.TokenEndpointResponse?.AccessToken)); // validated just now
    }

    // A new key at every sign-in: one that was in the browser before could be known to somebody else.
    private async Task KeepAsync(TicketReceivedContext context)
    {
        var (http, ct) = (context.HttpContext, context.HttpContext.RequestAborted);
        var store = http.RequestServices.GetRequiredService<SessionStore>();
        var earlier = await SessionCookie.KeyAsync(http);
        var now = http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        var properties = new AuthenticationProperties { IssuedUtc = now, ExpiresUtc = now + Settings.SessionLifetime };
        properties.StoreTokens(context.Properties!.GetTokens()); // SaveTokens is set
        var session = Session.New(context.Principal!, properties, SessionStore.NewKey()); // validated just now

        await store.SaveAsync(session, ct);
        if (earlier is not null)
            await http.RequestServices.GetRequiredService<SessionRefresher>().EndAsync(earlier, ct);
        context.Principal = SessionCookie.PrincipalOf(session.Key);
        context.Properties = new AuthenticationProperties { IssuedUtc = now, ExpiresUtc = properties.ExpiresUtc };
    }

    private Task ExplainAsync(RemoteFailureContext context)
    {
        context.HandleResponse();
        // Comes by an address that a browser was sent to: only what can be an error code goes on.
        var failure = new SignInFailure(context.Failure?.Data["error"] is string { Length: > 0 and <= 64 } error && error.All(c => char.IsAsciiLetterLower(c) || c == '_') ? error : null);
        Log.SignInFailed(log, failure.Error ?? "the answer was not accepted");
        if (Settings.SignInFailed is { } answer)
            return answer(context.HttpContext, failure);

        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync("The sign-in did not complete. Go back to the application and try again.", context.HttpContext.RequestAborted);
    }
}
