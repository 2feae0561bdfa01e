using System.Text.Encodings.Web;
using System.Text.Json;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Login;

/// <summary>One rule for all our cookies: <c>__Host-</c> (so Secure, Path=/, no Domain), HttpOnly, SameSite=Lax; unprefixed on a loopback issuer in Development only.</summary>
internal static class Cookies
{
    /// <summary>
    /// How values are written before they are sealed. What a page would need escaped is left as it is: an address of 12 KB in which each character took six would make a cookie
    /// that no server takes back.
    /// </summary>
    public static readonly JsonSerializerOptions Json = new(JsonText.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Name(IssuerOptions issuer, string? purpose = null)
    {
        var name = purpose is null ? "tidp" : $"tidp-{purpose}";
        return issuer.IsDevelopmentLoopback ? name : "__Host-" + name;
    }

    public static CookieBuilder Build(IssuerOptions issuer, string? purpose = null) => new()
    {
        Name = Name(issuer, purpose),
        Path = "/",
        HttpOnly = true,
        IsEssential = true,
        SameSite = SameSiteMode.Lax,
        SecurePolicy = issuer.IsDevelopmentLoopback ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always,
    };
}
