using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using TenantIdP.Demo.Idp;

namespace TenantIdP.Demo.SamlIdp;

/// <summary>One browser's sign-in here, and the applications that were told of it.</summary>
internal sealed class SamlSession(DemoIdpPerson person, DateTimeOffset signedInAt)
{
    private const int MostProviders = 16;

    private readonly ConcurrentDictionary<string, SamlServiceProvider> _told = new(StringComparer.Ordinal);
    private volatile bool _ended;

    public DemoIdpPerson Person => person;

    public DateTimeOffset SignedInAt => signedInAt;

    /// <summary>What the applications call it; not what the cookie says.</summary>
    public string Index { get; set; } = string.Empty;

    public bool HasEnded => _ended;

    public IEnumerable<SamlServiceProvider> Told => _told.Values;

    public void Tell(SamlServiceProvider provider)
    {
        if (_told.Count < MostProviders) _told[provider.EntityId] = provider;
    }

    public void End() => _ended = true;
}

/// <summary>Everything one SAML identity provider remembers. Nothing survives a restart but the key, where the options say so.</summary>
internal sealed class SamlIdpState(DemoSamlIdpOptions options, TimeProvider clock) : IDisposable
{
    public static readonly TimeSpan SessionLifetime = TimeSpan.FromHours(8);

    private const int MostProviders = 256;

    private readonly ExpiringStore<SamlSession> _byCookie = new(clock, SessionLifetime), _byIndex = new(clock, SessionLifetime);
    private readonly ConcurrentDictionary<string, SamlServiceProvider> _providers = new(StringComparer.Ordinal);
    private volatile SamlServiceProvider? _lastProvider;

    public DemoSamlIdpOptions Options => options;

    public TimeProvider Clock => clock;

    /// <summary>Without a trailing slash, with the port that was taken.</summary>
    public string Url { get; set; } = options.Url.GetLeftPart(UriPartial.Authority);

    public string EntityId => $"{Url}/metadata";

    public string SsoUrl => $"{Url}/sso";

    public string SloUrl => $"{Url}/slo";

    public SamlSigning Signing { get; } = new(options, clock.GetUtcNow());

    public ExpiringStore<AuthnRequest> Pending { get; } = new(clock, TimeSpan.FromMinutes(30));

    public ExpiringStore<LogoutRound> Logouts { get; } = new(clock, TimeSpan.FromMinutes(10));

    public SamlServiceProvider? LastProvider => _lastProvider;

    // Cookies are shared by all ports of 127.0.0.1, so that the name has to tell the providers apart.
    private string Cookie => $"demo_saml_idp_{new Uri(Url).Port}";

    public bool TryGetSession(HttpContext context, [NotNullWhen(true)] out SamlSession? session) =>
        _byCookie.TryGet(context.Request.Cookies[Cookie], out session) && !session.HasEnded;

    /// <summary>A sign-out that arrives by POST from another site carries no cookie (SameSite), but the index that only the application was told.</summary>
    public bool TryGetSession(string index, [NotNullWhen(true)] out SamlSession? session) => _byIndex.TryGet(index, out session) && !session.HasEnded;

    public SamlSession SignIn(HttpContext context, DemoIdpPerson person)
    {
        EndSession(context);
        var session = new SamlSession(person, clock.GetUtcNow());
        session.Index = _byIndex.Put(session);
        context.Response.Cookies.Append(Cookie, _byCookie.Put(session), CookieOptions());
        return session;
    }

    public SamlSession? EndSession(HttpContext context)
    {
        if (!_byCookie.TryTake(context.Request.Cookies[Cookie], out var session))
            return null;

        context.Response.Cookies.Delete(Cookie, CookieOptions());
        session.End();
        return session;
    }

    public void Remember(SamlServiceProvider provider)
    {
        if (_providers.Count < MostProviders) _providers[provider.EntityId] = provider;
        _lastProvider = provider;
    }

    public SamlServiceProvider? Find(string entityId) => _providers.GetValueOrDefault(entityId);

    public void Dispose() => Signing.Dispose();

    private static CookieOptions CookieOptions() => new() { HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/" };
}
