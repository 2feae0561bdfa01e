using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Login;

/// <summary>Carries the session's token between requests.</summary>
internal sealed class SessionCookie(Core.Sessions.SessionOptions options, IssuerOptions issuer, TimeProvider clock)
{
    private readonly CookieBuilder cookie = Cookies.Build(issuer);

    private string Name => cookie.Name!; // the builder names it

    public string? Find(HttpContext context) => context.Request.Cookies[Name];

    public void Keep(HttpContext context, string token)
    {
        var settings = cookie.Build(context, clock.GetUtcNow());
        settings.MaxAge = options.Absolute;
        context.Response.Cookies.Append(Name, token, settings);
    }

    public void Drop(HttpContext context)
    {
        if (context.Request.Cookies.ContainsKey(Name)) context.Response.Cookies.Delete(Name, cookie.Build(context, clock.GetUtcNow()));
    }
}
