using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Server.Federation;

namespace TenantIdP.Server.Login;

/// <summary>The session of this browser, by its cookie. That holds the random token and nothing else; every proof replaces it (SECURITY.md D8).</summary>
internal sealed class BrowserSession(IHttpContextAccessor accessor, SessionService sessions, SessionCookie cookie, UpstreamSignOut upstream, ActorContext actor) : IBrowserSession
{
    private Session? found;
    private bool asked;

    private HttpContext Context => accessor.HttpContext ?? throw new InvalidOperationException("There is no browser outside a request.");

    public async ValueTask<Session?> FindAsync(CancellationToken ct)
    {
        if (asked) return found;
        if (cookie.Find(Context) is { } token) found = await sessions.FindAsync(token, ct);
        asked = true;
        if (found is not null) actor.Actor = new Actor(ActorKind.User, found.UserId.ToString());
        return found;
    }

    /// <summary>What this browser brings to a sign-in.</summary>
    public async Task<BrowserContext> ContextAsync(CancellationToken ct) => new(await FindAsync(ct), Context.Request.Headers.UserAgent, Context.Connection.RemoteIpAddress);

    public void Keep(SignedIn signedIn)
    {
        (found, asked) = (signedIn.Session, true);
        cookie.Keep(Context, signedIn.Token);
    }

    public async Task<string?> EndAsync(string? back, CancellationToken ct)
    {
        var session = await FindAsync(ct);
        // Ended here whatever the identity providers make of it.
        if (session is not null) await sessions.EndAsync(session, ct);
        var told = session is null ? null : await upstream.BeginAsync(Context, session, back, ct);
        found = null;
        cookie.Drop(Context);
        return told;
    }
}
