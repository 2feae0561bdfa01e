using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Login;

/// <summary>
/// Which connection this browser signed in by last, as a suggestion for the next time. Names no person: it says nothing about who has an account, and nobody else can make one.
/// </summary>
internal sealed class RealmCookie(IDataProtectionProvider protection, IssuerOptions issuer, TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);

    private readonly CookieBuilder cookie = Cookies.Build(issuer, "realm");
    private readonly IDataProtector protector = protection.CreateProtector("TenantIdP.Realm", "v1");

    public void Keep(HttpContext context, Id<Connection> connection)
    {
        var settings = cookie.Build(context, clock.GetUtcNow());
        settings.Expires = clock.GetUtcNow() + Lifetime;
        context.Response.Cookies.Append(cookie.Name!, protector.Protect(JsonSerializer.Serialize(new Kept(connection, clock.GetUtcNow() + Lifetime), JsonText.Options)), settings); // the builder names it
    }

    /// <summary>Null when this browser has none, or it has run out.</summary>
    public Id<Connection>? Find(HttpContext context)
    {
        if (context.Request.Cookies[cookie.Name!] is not { Length: < 4_000 } text) return null;
        try
        {
            return JsonSerializer.Deserialize<Kept>(protector.Unprotect(text), JsonText.Options) is { } kept && kept.Until > clock.GetUtcNow() ? kept.Connection : null;
        }
        catch (CryptographicException)
        {
            return null; // altered, or sealed with a key ring that is gone
        }
    }

    private sealed record Kept(Id<Connection> Connection, DateTimeOffset Until);
}
