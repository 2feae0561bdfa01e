using System.Diagnostics.CodeAnalysis;

namespace TenantIdP.Demo.Idp;

internal sealed record IdpSession(DemoIdpPerson Person, DateTimeOffset SignedInAt);

internal sealed record IssuedCode(AuthorizationRequest Request, IdpSession Session);

internal sealed record IssuedAccess(DemoIdpPerson Person, IReadOnlySet<string> Scopes);

/// <summary>Everything one identity provider remembers. Nothing survives a restart, its signing key included.</summary>
internal sealed class IdpState(DemoIdpOptions options, TimeProvider clock) : IDisposable
{
    public static readonly TimeSpan AccessTokenLifetime = TimeSpan.FromHours(1);

    private static readonly TimeSpan SessionLifetime = TimeSpan.FromHours(8);

    /// <summary>As it stands in discovery and tokens: without a trailing slash, with the port that was taken.</summary>
    public string Issuer { get; set; } = options.Issuer.GetLeftPart(UriPartial.Authority);

    public DemoIdpOptions Options { get; } = options;

    public TimeProvider Clock { get; } = clock;

    public IdpKeys Keys { get; } = new();

    public ExpiringStore<AuthorizationRequest> Pending { get; } = new(clock, TimeSpan.FromMinutes(30));

    public ExpiringStore<IssuedCode> Codes { get; } = new(clock, TimeSpan.FromMinutes(1));

    public ExpiringStore<IssuedAccess> Access { get; } = new(clock, AccessTokenLifetime);

    // Cookies are shared by all ports of 127.0.0.1, so that the name has to tell the providers apart.
    private string Cookie => $"demo_idp_{new Uri(Issuer).Port}";

    private ExpiringStore<IdpSession> Sessions { get; } = new(clock, SessionLifetime);

    public bool TryGetSession(HttpContext context, [NotNullWhen(true)] out IdpSession? session) =>
        Sessions.TryGet(context.Request.Cookies[Cookie], out session);

    public IdpSession SignIn(HttpContext context, DemoIdpPerson person)
    {
        EndSession(context);
        var session = new IdpSession(person, Clock.GetUtcNow());
        context.Response.Cookies.Append(Cookie, Sessions.Put(session), CookieOptions());
        return session;
    }

    public void EndSession(HttpContext context)
    {
        if (Sessions.TryTake(context.Request.Cookies[Cookie], out _))
            context.Response.Cookies.Delete(Cookie, CookieOptions());
    }

    public void Dispose() => Keys.Dispose();

    private static CookieOptions CookieOptions() => new() { HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/" };
}
