using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Login;

/// <summary>
/// Which device's code was typed in this browser, for as long as a code lives. The page that asks for the yes opens in no other: whoever is sent its address has not seen the
/// code (RFC 8628 section 5.4).
/// </summary>
internal sealed class DeviceCookie(IDataProtectionProvider protection, IssuerOptions issuer, TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly CookieBuilder cookie = Cookies.Build(issuer, "device");
    private readonly IDataProtector protector = protection.CreateProtector("TenantIdP.Device", "v1");

    public void Keep(HttpContext context, Guid device)
    {
        var until = clock.GetUtcNow() + Lifetime;
        var settings = cookie.Build(context, clock.GetUtcNow());
        settings.Expires = until;
        context.Response.Cookies.Append(cookie.Name!, protector.Protect($"{device} {until.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}"), settings); // the builder names it
    }

    public bool Is(HttpContext context, Guid device)
    {
        if (context.Request.Cookies[cookie.Name!] is not { } text) return false; // the builder names it
        try
        {
            return protector.Unprotect(text).Split(' ') is [var kept, var until] && kept == device.ToString() && long.Parse(until, CultureInfo.InvariantCulture) > clock.GetUtcNow().ToUnixTimeSeconds();
        }
        catch (CryptographicException)
        {
            return false; // altered, or sealed with a key ring that is gone: the code is typed again
        }
    }
}
