using System.Diagnostics;
using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.SignIn;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.SignIn;

/// <summary>Hashing is the dearest thing that a stranger can ask for (SECURITY.md G5).</summary>
public abstract class PasswordFloodTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [Trait("Attack", "G5")]
    [InlineData(PasswordSignIn.MaxPasswordLength + 1)]
    [InlineData(30_000)]
    [InlineData(200_000)]
    [InlineData(1_000_000)]
    public async Task Fifty_passwords_that_are_too_long_are_refused_without_being_hashed(int length)
    {
        var email = $"flood@{host.UniqueHost()}";
        var user = await host.CreateUserAsync(email, Ct);
        using var browser = new WebBrowser();
        var page = await PageAsync(browser, email);

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => SubmitAsync(browser, page, email, new string('x', length))));

        Assert.All(answers, a => Assert.True((int)a.Status is 200 or (>= 400 and < 500), a.Status.ToString()));

        // The account is not closed by tries that nobody judged.
        Assert.Equal(0, await host.ReadAsync(db => db.PasswordAttempts.CountAsync(a => a.UserId == user.Id, Ct)));
    }

    [Fact]
    [Trait("Attack", "G5")]
    public async Task A_flood_of_passwords_is_turned_away_and_the_rest_of_the_server_answers()
    {
        var domain = host.UniqueHost();
        using var browser = new WebBrowser();
        var page = await PageAsync(browser, $"nobody@{domain}");
        var flood = Enumerable.Range(0, 60).Select(i => SubmitAsync(browser, page, $"nobody-{i}@{domain}", "a password of nobody")).ToList();

        var beside = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            var started = Stopwatch.GetTimestamp();
            using var answer = await host.Http.GetAsync(host.Issuer + "/.well-known/openid-configuration", Ct);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            beside.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        var answers = await Task.WhenAll(flood);
        var busy = answers.Where(a => a.Status == HttpStatusCode.TooManyRequests).ToList();
        Assert.NotEmpty(busy);
        Assert.All(busy, a => Assert.True(a.RetryAfter));
        Assert.All(answers.Except(busy), a => Assert.InRange((int)a.Status, 200, 499));
        Assert.True(beside.Order().ElementAt(2) < 5, string.Join(' ', beside));
    }

    private async Task<WebPage> PageAsync(WebBrowser browser, string email)
    {
        var app = await host.CreateAppAsync(Ct);
        var page = await browser.GetAsync(app.Authorize().Address, Ct, app.IsCallback);
        return await browser.SubmitAsync(page, new Dictionary<string, string> { ["email"] = email }, Ct, stopAt: app.IsCallback);
    }

    private async Task<(HttpStatusCode Status, bool RetryAfter)> SubmitAsync(WebBrowser browser, WebPage page, string email, string password)
    {
        var form = page.Form("form[action*=password]");
        var token = page.Document.QuerySelector("input[name=form_token]")!.GetAttribute("value")!; // the form has one
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(page.Address, form.GetAttribute("action") ?? page.Address.PathAndQuery))
        {
            Content = new StringContent($"form_token={Uri.EscapeDataString(token)}&email={Uri.EscapeDataString(email)}&password={password}", null, "application/x-www-form-urlencoded"),
        };
        request.Headers.Add("Origin", host.Issuer);
        using var answer = await browser.SendAsync(request, Ct);
        return (answer.StatusCode, answer.Headers.RetryAfter is not null);
    }
}

[Collection(SqliteHost.Name)]
public sealed class PasswordFloodOnSqlite(SqliteIdp host) : PasswordFloodTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class PasswordFloodOnPostgreSql(PostgreSqlIdp host) : PasswordFloodTests(host);
