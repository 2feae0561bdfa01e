using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Login;

namespace TenantIdP.Server.Federation;

/// <summary>One value as the identity provider sent it.</summary>
internal sealed record ReceivedValue(string Name, string Value);

/// <summary>Which trace a test left, and what came in it.</summary>
/// <param name="Values">For the eyes of the person they are about; kept nowhere else.</param>
internal sealed record TestResult(Id<Organization> OrganizationId, Id<SignInTrace> Trace, IReadOnlyList<ReceivedValue> Values, DateTimeOffset ExpiresAt);

/// <summary>Keeps the result of a test sealed in the browser that made it, until it has been read.</summary>
internal sealed class TestResultCookie(IDataProtectionProvider protection, IssuerOptions issuer, TimeProvider clock)
{
    private const int MostValues = 24;
    private const int LongestValue = 160;

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly ChunkingCookieManager cookies = new();
    private readonly CookieBuilder cookie = Cookies.Build(issuer, "sso-test");

    public void Keep(HttpContext context, Id<Connection> connection, Id<Organization> organization, Id<SignInTrace> trace, IReadOnlyList<ReceivedValue> values)
    {
        var settings = cookie.Build(context, clock.GetUtcNow());
        settings.Expires = clock.GetUtcNow() + Lifetime;
        var shown = values.Take(MostValues).Select(v => v.Value.Length > LongestValue ? v with { Value = v.Value[..LongestValue] + "…" } : v).ToList();
        var result = new TestResult(organization, trace, shown, clock.GetUtcNow() + Lifetime);
        cookies.AppendResponseCookie(context, cookie.Name!, Protector(connection).Protect(JsonSerializer.Serialize(result, JsonText.Options)), settings); // the builder names it
    }

    /// <summary>Null when this browser made no test of this connection, or long ago.</summary>
    public TestResult? Find(HttpContext context, Id<Connection> connection)
    {
        if (cookies.GetRequestCookie(context, cookie.Name!) is not { } text) return null; // as above
        try
        {
            return JsonSerializer.Deserialize<TestResult>(Protector(connection).Unprotect(text), JsonText.Options) is { } result && clock.GetUtcNow() < result.ExpiresAt ? result : null;
        }
        catch (CryptographicException)
        {
            return null; // of another connection, or altered
        }
    }

    private IDataProtector Protector(Id<Connection> connection) => protection.CreateProtector("TenantIdP.TestResult.v1", connection.ToString());
}
