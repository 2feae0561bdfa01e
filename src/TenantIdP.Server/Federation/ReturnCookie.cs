using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using TenantIdP.Core.Kernel;
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

    private const int DerivedLength = 22;

    private readonly ChunkingCookieManager cookies = new();
    private readonly CookieBuilder cookie = Cookies.Build(issuer, "sso-return.");

    /// <summary>A handle for what has no id of its own.</summary>
    public static string NewHandle() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(12));

    /// <summary>The handle of what has an id that only the two sides know: it tells nobody the id.</summary>
    public static string HandleOf(string id) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(id)))[..DerivedLength];

    /// <param name="handle">Letters, digits, hyphens and underscores: by it the started sign-in is found again.</param>
    public void Keep(HttpContext context, string connection, string handle, StartedSignIn started)
    {
        var settings = cookie.Build(context, clock.GetUtcNow());
        settings.Expires = clock.GetUtcNow() + Lifetime;
        cookies.AppendResponseCookie(context, cookie.Name + handle, Protector(connection, handle).Protect(JsonSerializer.Serialize(started, JsonText.Options)), settings);
    }

    /// <summary>False when this browser did not start the sign-in. Takes the cookie away.</summary>
    public bool TryTake(HttpContext context, string connection, string handle, [NotNullWhen(true)] out StartedSignIn? started)
    {
        started = null;
        if (cookies.GetRequestCookie(context, cookie.Name + handle) is not { } text) return false;
        cookies.DeleteCookie(context, cookie.Name + handle, cookie.Build(context, clock.GetUtcNow()));
        try
        {
            started = JsonSerializer.Deserialize<StartedSignIn>(Protector(connection, handle).Unprotect(text), JsonText.Options);
            return started is not null;
        }
        catch (CryptographicException)
        {
            return false; // of another connection, or altered
        }
    }

    private IDataProtector Protector(string connection, string handle) => protection.CreateProtector("TenantIdP.ReturnCookie.v2", connection, handle);
}
