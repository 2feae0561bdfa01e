using System.Net;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TenantIdP.Client;
using TenantIdP.Tests.House;
using Xunit;

namespace TenantIdP.Tests.Client;

public sealed class RegistrationTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_lines_in_the_README_compile_and_start()
    {
        var shown = await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "README.md"), Ct);
        var lines = (await File.ReadAllLinesAsync(Path.Combine(SourceTree.Root, "tests/TenantIdP.Tests/Client/TenLines.cs"), Ct))
            .SkipWhile(line => !line.EndsWith("// <README>", StringComparison.Ordinal)).Skip(1)
            .TakeWhile(line => !line.EndsWith("// </README>", StringComparison.Ordinal)).Select(line => line[8..]).ToList();
        await using var app = TenLines.Build(Builder());

        await app.StartAsync(Ct);

        Assert.InRange(lines.Count, 5, 10);
        Assert.Contains("```csharp\n" + string.Join('\n', lines) + "\n", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Over_https_the_cookies_are_bound_to_the_host_and_http_only()
    {
        await using var app = TenLines.Build(Builder());
        var session = app.Services.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>().Get(TenantIdPSchemes.Session);
        var signIn = app.Services.GetRequiredService<IOptionsMonitor<OpenIdConnectOptions>>().Get(TenantIdPSchemes.SignIn);

        var cookie = session.Cookie.Build(new DefaultHttpContext());

        Assert.Equal(("__Host-tenantidp", true, true, SameSiteMode.Lax, "/", null), (session.Cookie.Name, cookie.Secure, cookie.HttpOnly, cookie.SameSite, cookie.Path, cookie.Domain));
        Assert.All((CookieBuilder[])[signIn.CorrelationCookie, signIn.NonceCookie], one =>
        {
            Assert.StartsWith("__Secure-tenantidp_", one.Name, StringComparison.Ordinal);
            Assert.Equal((CookieSecurePolicy.Always, SameSiteMode.Lax), (one.SecurePolicy, one.SameSite));
        });
        Assert.True(signIn.RequireHttpsMetadata);
        Assert.True(signIn.UsePkce);
    }

    [Fact]
    public async Task Settings_that_would_be_unsafe_or_useless_end_the_start()
    {
        foreach (var wrong in (Action<TenantIdPOptions>[])
        [
            o => o.Issuer = "http://login.example.com", o => o.Issuer = "", o => o.ClientSecret = "", o => o.ClientId = "", o => o.Api = "", o => o.CookieName = "a; domain=b",
            o => o.SessionLifetime = TimeSpan.Zero, o => (o.Api, o.AskWhenPermissionsOverflow) = (null, true),
        ])
        {
            var builder = Builder();
            builder.Services.AddTenantIdP(o =>
            {
                (o.Issuer, o.ClientId, o.ClientSecret, o.Api) = ("https://login.example.com", "app", "secret", "https://invoices.example.com");
                wrong(o);
            });
            await using var app = builder.Build();

            await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync(Ct));
        }
    }

    private static WebApplicationBuilder Builder()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        return builder;
    }
}
