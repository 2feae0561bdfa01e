using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Login;

namespace TenantIdP.Server.Federation;

/// <summary>
/// Keeps the app's request in the browser while the person is away. Inside <c>state</c> it would make an address that some providers refuse as too long; and so the
/// answer is worth nothing in another browser.
/// </summary>
internal sealed class ReturnCookie(IDataProtectionProvider protection, IssuerOptions issuer, TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    private readonly ChunkingCookieManager cookies = new();
    private readonly CookieBuilder cookie = Cookies.Build(issuer, "sso-return.");

    /// <returns>The handle by which it is found again.</returns>
    public string Keep(HttpContext context, string connection, string? back)
    {
        var handle = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(12));
        var settings = cookie.Build(context, clock.GetUtcNow());
        settings.Expires = clock.GetUtcNow() + Lifetime;
        cookies.AppendResponseCookie(context, cookie.Name + handle, Protector(connection, handle).Protect(back ?? ""), settings);
        return handle;
    }

    /// <summary>False when this browser did not start the sign-in. Takes the cookie away.</summary>
    public bool TryTake(HttpContext context, string connection, string handle, out string? back)
    {
        back = null;
        if (cookies.GetRequestCookie(context, cookie.Name + handle) is not { } text) return false;
        cookies.DeleteCookie(context, cookie.Name + handle, cookie.Build(context, clock.GetUtcNow()));
        try
        {
            var kept = Protector(connection, handle).Unprotect(text);
            back = kept.Length == 0 ? null : kept;
            return true;
        }
        catch (CryptographicException)
        {
            return false; // of another connection, or altered
        }
    }

    private IDataProtector Protector(string connection, string handle) => protection.CreateProtector("TenantIdP.ReturnCookie.v1", connection, handle);
}
