using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;

namespace TenantIdP.Server.Login;

/// <summary>Which organizations the person of this browser did not want to be asked about at a sign-in again. They stay open in the list of organizations.</summary>
internal sealed class SkippedJoinsCookie(IDataProtectionProvider protection, IssuerOptions issuer, TimeProvider clock)
{
    private const int Most = 20;
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);

    private readonly CookieBuilder cookie = Cookies.Build(issuer, "skipped");
    private readonly IDataProtector protector = protection.CreateProtector("TenantIdP.SkippedJoins", "v1");

    public void Add(HttpContext context, Id<User> user, IEnumerable<Id<Organization>> organizations)
    {
        var kept = Find(context, user).Concat(organizations).Distinct().TakeLast(Most);
        var settings = cookie.Build(context, clock.GetUtcNow());
        settings.Expires = clock.GetUtcNow() + Lifetime;
        context.Response.Cookies.Append(cookie.Name!, protector.Protect(JsonSerializer.Serialize(new Kept(user, [.. kept]), JsonText.Options)), settings); // the builder names it
    }

    /// <summary>Nothing for another person.</summary>
    public IReadOnlyList<Id<Organization>> Find(HttpContext context, Id<User> user)
    {
        if (context.Request.Cookies[cookie.Name!] is not { Length: < 4_000 } text) return [];
        try
        {
            return JsonSerializer.Deserialize<Kept>(protector.Unprotect(text), JsonText.Options) is { } kept && kept.User == user ? kept.Organizations : [];
        }
        catch (CryptographicException)
        {
            return []; // altered, or sealed with a key ring that is gone: the person is asked again
        }
    }

    private sealed record Kept(Id<User> User, IReadOnlyList<Id<Organization>> Organizations);
}
