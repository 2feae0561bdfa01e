using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Login;

namespace TenantIdP.Server.Federation;

/// <summary>Keeps sealed, in the one browser it belongs to, what this browser began elsewhere; found again by a handle, once.</summary>
/// <param name="name">Of the cookie, before the handle.</param>
/// <param name="purpose">What is sealed for one purpose can't be opened for another.</param>
internal abstract class FlowCookie<T>(IDataProtectionProvider protection, IssuerOptions issuer, TimeProvider clock, string name, string purpose) where T : class
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    private readonly ChunkingCookieManager cookies = new();
    private readonly CookieBuilder cookie = Cookies.Build(issuer, name);

    /// <param name="about">The connection, or whatever else the value is bound to.</param>
    /// <param name="handle">Letters, digits, hyphens and underscores.</param>
    public void Keep(HttpContext context, string about, string handle, T value)
    {
        var now = clock.GetUtcNow();
        var text = Protector(about, handle).Protect(JsonSerializer.Serialize(value, Cookies.Json));
        FlowRoom.Make(context, cookie, text.Length, now);
        var settings = cookie.Build(context, now);
        settings.Expires = now + Lifetime;
        cookies.AppendResponseCookie(context, cookie.Name + handle, text, settings);
    }

    /// <summary>False when this browser did not begin it. Takes the cookie away.</summary>
    public bool TryTake(HttpContext context, string about, string handle, [NotNullWhen(true)] out T? value)
    {
        value = null;
        if (cookies.GetRequestCookie(context, cookie.Name + handle) is not { } text) return false;
        cookies.DeleteCookie(context, cookie.Name + handle, cookie.Build(context, clock.GetUtcNow()));
        try
        {
            value = JsonSerializer.Deserialize<T>(Protector(about, handle).Unprotect(text), Cookies.Json);
            return value is not null;
        }
        catch (CryptographicException)
        {
            return false; // of another connection, or altered
        }
    }

    private IDataProtector Protector(string about, string handle) => protection.CreateProtector(purpose, about, handle);
}

/// <summary>The handles that such cookies are found by.</summary>
internal static class FlowHandle
{
    public const int Longest = 32;

    private const int DerivedLength = 22;

    /// <summary>For what has no id of its own.</summary>
    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(12));

    /// <summary>Of what has an id that only the two sides know: it tells nobody the id.</summary>
    public static string Of(string id) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(id)))[..DerivedLength];
}
