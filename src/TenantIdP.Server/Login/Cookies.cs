using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Login;

/// <summary>One rule for all our cookies: <c>__Host-</c> (so Secure, Path=/, no Domain), HttpOnly, SameSite=Lax; unprefixed on a loopback issuer in Development only.</summary>
internal static class Cookies
{
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
