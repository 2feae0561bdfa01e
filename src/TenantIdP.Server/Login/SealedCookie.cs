using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Login;

/// <summary>
/// What one browser keeps for a while: sealed, so that nobody can edit it and no later address, referrer, history or log has it. SameSite=Lax, as all of ours: nothing that another site
/// posts comes with it.
/// </summary>
internal abstract class SealedCookie<T>(IDataProtectionProvider protection, IssuerOptions issuer, TimeProvider clock, string name, string purpose, TimeSpan lifetime)
    where T : class
{
    // A request inside a sealed value may be longer than one cookie.
    private readonly ChunkingCookieManager cookies = new();
    private readonly CookieBuilder cookie = Cookies.Build(issuer, name);
    private readonly IDataProtector protector = protection.CreateProtector(purpose, "v1");

    private sealed record Kept(T Value, DateTimeOffset Until);

    public void Keep(HttpContext context, T value)
    {
        var until = clock.GetUtcNow() + lifetime;
        var settings = cookie.Build(context, clock.GetUtcNow());
        settings.Expires = until;
        cookies.AppendResponseCookie(context, cookie.Name!, protector.Protect(JsonSerializer.Serialize(new Kept(value, until), Cookies.Json)), settings); // the builder names it
    }

    /// <summary>Null when this browser has none, or it has run out.</summary>
    public T? Find(HttpContext context)
    {
        if (cookies.GetRequestCookie(context, cookie.Name!) is not { } text) return null; // the builder names it
        try
        {
            return JsonSerializer.Deserialize<Kept>(protector.Unprotect(text), Cookies.Json) is { } kept && clock.GetUtcNow() < kept.Until ? kept.Value : null;
        }
        catch (CryptographicException)
        {
            return null; // altered, or sealed with a key ring that is gone: what it was for begins again
        }
    }

    public void Drop(HttpContext context) => cookies.DeleteCookie(context, cookie.Name!, cookie.Build(context, clock.GetUtcNow())); // the builder names it
}
