using System.Net;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.SignIn;

/// <summary>What holds for every page that the server has: they are read from its routes, so that a new one is in here before anybody thinks of it.</summary>
public abstract class PageAttackTests(IdpHost host) : IAsyncDisposable
{
    /// <summary>Pages of Development that show mails, not a step of anything; the error page answers what it is told.</summary>
    private static readonly string[] NotSteps = ["/error", "/dev/mail"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>What a walk has used up of this network's tries is given back: every other class comes from it, too.</summary>
    public async ValueTask DisposeAsync()
    {
        await host.ReadAsync(db => db.Tallies.ExecuteDeleteAsync(Ct));
        GC.SuppressFinalize(this);
    }

    private IReadOnlyList<string> Pages => [.. host.Services.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
        .Where(e => e.Metadata.GetMetadata<PageActionDescriptor>() is not null).Select(Path).Distinct().Order(StringComparer.Ordinal)];

    [Fact]
    [Trait("Attack", "F6")]
    public async Task Every_page_is_framed_by_nobody_read_by_nobody_and_runs_nothing()
    {
        var user = await host.CreateUserAsync($"page@{host.UniqueHost()}", Ct);
        await host.AddMemberAsync(await host.CreateOrganizationAsync(Ct), user, Ct);
        var (signedIn, _) = await host.SignedInAsync(user, Ct);
        using var stranger = new WebBrowser();
        using (signedIn)
        {
            foreach (var page in Pages)
            {
                foreach (var browser in new[] { stranger, signedIn })
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, host.Issuer + page);
                    request.Headers.Add("Origin", "https://evil.example");
                    using var answer = await browser.SendAsync(request, Ct);
                    Assert.True((int)answer.StatusCode < 500, $"{page}: {answer.StatusCode}");
                    Assert.Empty(Wrong(answer).Select(w => $"{page}: {w}"));
                }
            }
        }

        Assert.True(Pages.Count > 12, string.Join(' ', Pages));
    }

    [Theory]
    [Trait("Attack", "F6")]
    [InlineData("TRACE")]
    [InlineData("CONNECT")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("PROPFIND")]
    public async Task A_method_that_no_page_has_does_nothing(string method)
    {
        foreach (var page in Pages)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), host.Issuer + page);
            request.Headers.Add("Cookie", "tidp=canary-of-a-cookie");
            HttpResponseMessage answer;
            try
            {
                answer = await host.Http.SendAsync(request, Ct);
            }
            catch (HttpRequestException)
            {
                continue; // the client does not send it, or the server closes at it
            }

            using (answer)
            {
                Assert.InRange((int)answer.StatusCode, 400, 499);
                Assert.DoesNotContain("canary-of-a-cookie", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    [Trait("Attack", "F5")]
    public async Task No_page_takes_a_form_without_the_token_or_from_another_site()
    {
        var user = await host.CreateUserAsync($"form@{host.UniqueHost()}", Ct);
        await host.AddMemberAsync(await host.CreateOrganizationAsync(Ct), user, Ct);
        var (browser, session) = await host.SignedInAsync(user, Ct);
        using (browser)
        {
            var token = (await browser.GetAsync($"{host.Issuer}/device", Ct)).Document.QuerySelector("input[name=form_token]")!.GetAttribute("value")!; // the page has a form
            foreach (var page in Pages.Except(NotSteps))
            {
                foreach (var (origin, field) in new[] { (host.Issuer, null), (host.Issuer, "forged"), ("https://evil.example", token) })
                {
                    using var request = new HttpRequestMessage(HttpMethod.Post, host.Issuer + page) { Content = new FormUrlEncodedContent(field is null ? [] : [new("form_token", field)]) };
                    request.Headers.Add("Origin", origin);
                    using var answer = await browser.SendAsync(request, Ct);
                    // A page without a form knows no POST, one that is no longer there says so; both did nothing.
                    Assert.True((int)answer.StatusCode is >= 400 and < 500, $"{page} from {origin}, {field ?? "no token"}: {answer.StatusCode}");
                }
            }
        }

        Assert.Null(await host.ReadAsync(db => db.Sessions.AsNoTracking().Where(s => s.Id == session.Id).Select(s => s.EndedAt).SingleAsync(Ct)));
    }

    /// <summary>
    /// Steps in any order, with what a stranger knows of a victim and whatever fields the pages have shown: never a session, never a proof. The seed is in the failure.
    /// </summary>
    [Theory]
    [Trait("Attack", "B3")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Steps_in_any_order_sign_nobody_in(int seed)
    {
        var email = $"victim@{host.UniqueHost()}";
        var victim = await host.CreateUserAsync(email, Ct);
        await host.AddMemberAsync(await host.CreateOrganizationAsync(Ct), victim, Ct);
        var app = await host.CreateAppAsync(Ct);
        var before = await HashAsync(victim);
        using var browser = new WebBrowser();
        var walk = new Walk(new Random(seed), [.. Pages.Except(NotSteps)], host.Issuer);
        walk.Know("email", email);
        walk.Know("password", "the wrong password of a stranger");
        walk.Know("code", "000000");
        walk.Know("user", victim.Id.ToString());
        walk.See(await browser.GetAsync(app.Authorize(("login_hint", email)).Address, Ct, app.IsCallback));

        for (var step = 0; step < 120; step++)
        {
            var page = await walk.StepAsync(browser, app.IsCallback, Ct);
            Assert.True((int)page.Status < 500, $"seed {seed}, step {step}: {page.Status} at {page.Address}\n{walk.Last}");
            Assert.False(app.IsCallback(page.Address) && page.Address.Query.Contains("code=", StringComparison.Ordinal), $"seed {seed}, step {step}: a code\n{walk.Last}");
        }

        Assert.DoesNotContain(browser.Cookies.GetAllCookies(), c => c.Name == "tidp");
        Assert.Equal(0, await host.ReadAsync(db => db.Sessions.CountAsync(s => s.UserId == victim.Id, Ct)));
        Assert.Equal(before, await HashAsync(victim));
    }

    private Task<string> HashAsync(User user) => host.ReadAsync(db => db.LocalCredentials.Where(c => c.UserId == user.Id).Select(c => c.PasswordHash).SingleAsync(Ct));

    private static IEnumerable<string> Wrong(HttpResponseMessage answer)
    {
        string Header(string name) => answer.Headers.TryGetValues(name, out var values) ? string.Join(',', values) : "";
        var policy = Header("Content-Security-Policy");
        foreach (var must in (string[])["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"])
        {
            if (!policy.Contains(must, StringComparison.Ordinal)) yield return $"policy {policy}";
        }

        if (policy.Contains("unsafe", StringComparison.Ordinal)) yield return $"policy {policy}";
        if (Header("X-Frame-Options") != "DENY") yield return "X-Frame-Options";
        if (Header("X-Content-Type-Options") != "nosniff") yield return "X-Content-Type-Options";
        if (Header("Referrer-Policy") != "no-referrer") yield return "Referrer-Policy";
        if (Header("Cross-Origin-Resource-Policy") != "same-origin") yield return "Cross-Origin-Resource-Policy";
        if (!Header("Cache-Control").Contains("no-store", StringComparison.Ordinal)) yield return $"Cache-Control {Header("Cache-Control")}";
        if (Header("Access-Control-Allow-Origin").Length > 0) yield return "another site may read it";
        if (Header("Server").Length > 0 || Header("X-Powered-By").Length > 0) yield return "it says what it runs on";
        if (!answer.Headers.TryGetValues("Set-Cookie", out var cookies)) yield break;
        foreach (var cookie in cookies)
        {
            var parts = cookie.ToLowerInvariant();
            if (!parts.Contains("; httponly", StringComparison.Ordinal) || !(parts.Contains("; samesite=lax", StringComparison.Ordinal) || parts.Contains("; samesite=strict", StringComparison.Ordinal))) yield return $"cookie {cookie}";
            if (parts.Contains("; domain=", StringComparison.Ordinal) || !parts.Contains("; path=/", StringComparison.Ordinal)) yield return $"cookie {cookie}";
        }
    }

    private static string Path(RouteEndpoint endpoint) => "/" + string.Join('/', endpoint.RoutePattern.PathSegments.Select(segment => string.Concat(segment.Parts.Select(part => part switch
    {
        Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal => literal.Content,
        _ => "unknown",
    }))));

    /// <summary>A stranger who tries pages and fields at random.</summary>
    private sealed class Walk(Random random, string[] pages, string issuer)
    {
        private readonly Dictionary<string, List<string>> fields = [];

        public string Last { get; private set; } = "";

        public void Know(string name, string value)
        {
            if (!fields.TryGetValue(name, out var values)) fields[name] = values = [];
            if (!values.Contains(value)) values.Add(value);
        }

        public void See(WebPage page)
        {
            foreach (var input in page.Document.QuerySelectorAll("input[name], button[name]")) Know(input.GetAttribute("name")!, input.GetAttribute("value") ?? ""); // asked for
            var query = page.Address.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2));
            foreach (var part in query.Where(p => p.Length == 2)) Know(part[0], Uri.UnescapeDataString(part[1]));
        }

        public async Task<WebPage> StepAsync(WebBrowser browser, Func<Uri, bool> stopAt, CancellationToken ct)
        {
            var path = Some(pages);
            var query = fields.TryGetValue("return", out var returns) && random.Next(4) > 0 ? $"?return={Uri.EscapeDataString(Some([.. returns]))}" : "";
            var address = issuer + path + query;
            Last = $"GET {address}";
            var page = await browser.GetAsync(address, ct, stopAt);
            See(page);
            if (random.Next(5) == 0 || !page.Document.Forms.Any(f => f.Method == "post")) return page;

            // Now the page's own form with what it does not ask for, now another page's.
            var values = fields.Where(f => f.Key != "form_token" && random.Next(3) > 0).ToDictionary(f => f.Key, f => random.Next(8) == 0 ? "" : Some([.. f.Value]));
            Last = $"POST {page.Address} {string.Join('&', values.Select(v => $"{v.Key}={v.Value}"))}";
            page = await browser.SubmitAsync(page, values, ct, stopAt: stopAt);
            See(page);
            return page;
        }

        private string Some(string[] of) => of[random.Next(of.Length)];
    }
}

[Collection(SqliteHost.Name)]
public sealed class PageAttacksOnSqlite(SqliteIdp host) : PageAttackTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class PageAttacksOnPostgreSql(PostgreSqlIdp host) : PageAttackTests(host);
