using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Login;

/// <summary>The session cookie. It holds the random token and nothing else; every proof replaces it (SECURITY.md D8).</summary>
internal sealed class BrowserSession(IHttpContextAccessor accessor, SessionService sessions, Core.Sessions.SessionOptions options, IssuerOptions issuer, ActorContext actor, TimeProvider clock) : IBrowserSession
{
    private readonly CookieBuilder cookie = Cookies.Build(issuer);
    private Session? found;
    private bool asked;

    private HttpContext Context => accessor.HttpContext ?? throw new InvalidOperationException("There is no browser outside a request.");

    public async ValueTask<Session?> FindAsync(CancellationToken ct)
    {
        if (asked) return found;
        if (Context.Request.Cookies[cookie.Name!] is { } token) found = await sessions.FindAsync(token, ct); // the builder names it
        asked = true;
        if (found is not null) actor.Actor = new Actor(ActorKind.User, found.UserId.ToString());
        return found;
    }

    /// <summary>What this browser brings to a sign-in.</summary>
    public async Task<BrowserContext> ContextAsync(CancellationToken ct) => new(await FindAsync(ct), Context.Request.Headers.UserAgent, Context.Connection.RemoteIpAddress);

    public void Keep(SignedIn signedIn)
    {
        (found, asked) = (signedIn.Session, true);
        var settings = cookie.Build(Context, clock.GetUtcNow());
        settings.MaxAge = options.Absolute;
        Context.Response.Cookies.Append(cookie.Name!, signedIn.Token, settings);
    }

    public async Task EndAsync(CancellationToken ct)
    {
        var session = await FindAsync(ct);
        if (session is not null) await sessions.EndAsync(session, ct);
        found = null;
        if (Context.Request.Cookies.ContainsKey(cookie.Name!)) Context.Response.Cookies.Delete(cookie.Name!, cookie.Build(Context, clock.GetUtcNow()));
    }
}
