using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace TenantIdP.Client.Sessions;

/// <summary>The cookie holds a key and nothing else; everything that is true of the session is read from the store at each request.</summary>
internal sealed class SessionCookie(IOptions<TenantIdPOptions> options) : IConfigureNamedOptions<CookieAuthenticationOptions>
{
    private static readonly object Key = new();
    private static readonly object AskedFor = new();

    public static string Prefix(TenantIdPOptions options, bool host) =>
        Address.IsLoopback(options.Issuer) ? options.CookieName : (host ? "__Host-" : "__Secure-") + options.CookieName;

    /// <summary>The request's session, when there is one.</summary>
    public static async Task<string?> KeyAsync(HttpContext context)
    {
        if (!context.Items.ContainsKey(Key))
            await context.AuthenticateAsync(TenantIdPSchemes.Session);
        return context.Items[Key] as string;
    }

    /// <summary>The organization that asks for more proof before the request's session goes on; null when none does.</summary>
    public static string? OrganizationThatAsks(HttpContext context) => context.Items[AskedFor] as string;

    public static ClaimsPrincipal PrincipalOf(string key) => new(new ClaimsIdentity([new Claim(Session.KeyClaim, key)], TenantIdPSchemes.Session));

    public void Configure(CookieAuthenticationOptions cookie) => Configure(Options.DefaultName, cookie);

    public void Configure(string? name, CookieAuthenticationOptions cookie)
    {
        if (name != TenantIdPSchemes.Session)
            return;

        cookie.Cookie.Name = Prefix(options.Value, host: true);
        cookie.Cookie.Path = "/";
        cookie.Cookie.HttpOnly = true;
        cookie.Cookie.SameSite = SameSiteMode.Lax;
        cookie.Cookie.SecurePolicy = Address.IsLoopback(options.Value.Issuer) ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always;
        cookie.ExpireTimeSpan = options.Value.SessionLifetime;
        cookie.SlidingExpiration = false;
        cookie.Events.OnValidatePrincipal = ValidateAsync;
        cookie.Events.OnSigningOut = ForgetAsync;
        // The application answers a refusal where it happens (its status code page), instead of at another address.
        cookie.Events.OnRedirectToAccessDenied = context =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        };
    }

    private static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        var http = context.HttpContext;
        http.Items[Key] = null;
        if (context.Principal?.FindFirst(Session.KeyClaim)?.Value is not { } key
            || await http.RequestServices.GetRequiredService<SessionRefresher>().CurrentAsync(key, http.RequestAborted) is not { } session)
        {
            context.RejectPrincipal();
            await http.SignOutAsync(TenantIdPSchemes.Session);
            return;
        }

        http.Items[Key] = key;
        if (session.Refused is { } refused)
        {
            // Nobody is signed in, and a challenge asks for what is missing. The session stays: another try, a switch or a sign-out may follow.
            if (refused == RefreshOutcome.InteractionRequired)
                http.Items[AskedFor] = session.Ticket.Principal.TenantIdP().OrganizationId;
            context.RejectPrincipal();
            return;
        }

        context.ReplacePrincipal(session.PrincipalAt(http.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow()));
        // GetTokenAsync reads them here, and the end of the session at the login host needs the id token.
        context.Properties.StoreTokens(session.Ticket.Properties.GetTokens());
    }

    private static async Task ForgetAsync(CookieSigningOutContext context)
    {
        if (await KeyAsync(context.HttpContext) is not { } key)
            return;

        context.HttpContext.Items[Key] = null;
        await context.HttpContext.RequestServices.GetRequiredService<SessionRefresher>().EndAsync(key, CancellationToken.None);
    }
}
