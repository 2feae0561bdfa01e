using System.Net;
using AngleSharp.Dom;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.SignIn;

public abstract class LocalSignInTests(IdpHost host) : IDisposable
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private readonly WebBrowser browser = new();

    public void Dispose()
    {
        browser.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_person_of_two_organizations_chooses_one_after_the_password()
    {
        var email = $"two@{host.UniqueHost()}";
        var user = await host.CreateUserAsync(email, Ct);
        var (first, second) = (await host.CreateOrganizationAsync(Ct), await host.CreateOrganizationAsync(Ct));
        await host.AddMemberAsync(first, user, Ct);
        await host.AddMemberAsync(second, user, Ct, "admin");
        var app = await host.CreateAppAsync(Ct);
        var pending = app.Authorize();

        var page = await IdpHost.SignInWithPasswordAsync(browser, app, pending, email, Ct);
        Assert.Equal("/organizations/choose", page.Address.AbsolutePath);
        var button = page.Document.QuerySelectorAll("button.choice").Single(b => b.GetAttribute("value") == second.Id.ToString());
        Assert.Contains("Admin", button.TextContent, StringComparison.Ordinal);
        page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, stopAt: app.IsCallback, button: button);

        var tokens = await app.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        Assert.Equal(second.Id.ToString(), (string?)tokens.Access["org_id"]);
    }

    [Fact]
    public async Task An_organization_that_is_not_mine_can_not_be_chosen()
    {
        var email = $"mine@{host.UniqueHost()}";
        var user = await host.CreateUserAsync(email, Ct);
        await host.AddMemberAsync(await host.CreateOrganizationAsync(Ct), user, Ct);
        await host.AddMemberAsync(await host.CreateOrganizationAsync(Ct), user, Ct);
        var foreign = await host.CreateOrganizationAsync(Ct);
        var app = await host.CreateAppAsync(Ct);

        var page = await IdpHost.SignInWithPasswordAsync(browser, app, app.Authorize(), email, Ct);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["organization"] = foreign.Id.ToString() }, Ct, stopAt: app.IsCallback);

        Assert.False(app.IsCallback(page.Address));
        Assert.Equal("/organizations/choose", page.Address.AbsolutePath);
    }

    [Fact]
    [Trait("Attack", "B1")]
    public async Task Known_and_unknown_people_see_the_same_pages()
    {
        var domain = host.UniqueHost();
        await host.CreateUserAsync($"known@{domain}", Ct);
        var app = await host.CreateAppAsync(Ct);
        var seen = new List<string>();
        foreach (var email in (string[])[$"known@{domain}", $"other@{domain}"])
        {
            using var visitor = new WebBrowser();
            var page = await visitor.GetAsync(app.Authorize().Address, Ct, app.IsCallback);
            page = await visitor.SubmitAsync(page, new Dictionary<string, string> { ["email"] = email }, Ct);
            var password = page;
            page = await visitor.SubmitAsync(page, new Dictionary<string, string> { ["password"] = "not the password at all" }, Ct);
            seen.Add($"{password.Status} {Shape(password, email)} {page.Status} {Shape(page, email)} {visitor.Cookies.Count}");
        }

        Assert.Equal(seen[0], seen[1]);
    }

    [Fact]
    [Trait("Attack", "D8")]
    public async Task Signing_in_again_gives_a_new_cookie_and_kills_the_old_one()
    {
        var email = $"fix@{host.UniqueHost()}";
        await host.CreateUserAsync(email, Ct);
        var app = await host.CreateAppAsync(Ct);
        await IdpHost.SignInWithPasswordAsync(browser, app, app.Authorize(), email, Ct);
        var old = Token(browser);

        await IdpHost.SignInWithPasswordAsync(browser, app, app.Authorize(("prompt", "login")), email, Ct);

        Assert.NotEqual(old, Token(browser));
        var cookies = new CookieContainer();
        cookies.Add(new Cookie("tidp", old, "/", new Uri(host.Issuer).Host));
        using var thief = new WebBrowser(cookies);
        Assert.Contains("You are not signed in", (await thief.GetAsync(host.Issuer + "/", Ct)).Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Attack", "F5")]
    public async Task Signing_out_asks_on_get_and_ends_the_session_on_post()
    {
        var email = $"out@{host.UniqueHost()}";
        var (signedIn, _) = await host.SignedInAsync(await host.CreateUserAsync(email, Ct), Ct);
        using var mine = signedIn;

        var page = await mine.GetAsync(host.Issuer + "/signout", Ct);
        Assert.Contains("You are signed in", (await mine.GetAsync(host.Issuer + "/", Ct)).Text, StringComparison.Ordinal);
        page = await mine.SubmitAsync(page, Ct);

        Assert.Contains("You are signed out", page.Text, StringComparison.Ordinal);
        Assert.Contains("You are not signed in", (await mine.GetAsync(host.Issuer + "/", Ct)).Text, StringComparison.Ordinal);
    }

    [Theory, InlineData("/signin"), InlineData("/signin/password"), InlineData("/signin/link"), InlineData("/signout"), InlineData("/organizations/choose")]
    [Trait("Attack", "F5")]
    public async Task A_form_without_its_token_or_from_another_site_is_refused(string path)
    {
        foreach (var origin in (string?[])[null, "https://evil.example"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, host.Issuer + path) { Content = new FormUrlEncodedContent([new("email", "a@b.example"), new("password", "x")]) };
            if (origin is not null) request.Headers.Add("Origin", origin);
            using var answer = await browser.SendAsync(request, Ct);

            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.DoesNotContain(answer.Headers, h => h.Key == "Set-Cookie" && h.Value.Any(v => v.StartsWith("tidp=", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task Giving_up_goes_back_to_the_app_with_access_denied()
    {
        var app = await host.CreateAppAsync(Ct);
        var page = await browser.GetAsync(app.Authorize().Address, Ct, app.IsCallback);
        var back = page.Document.QuerySelector(".quiet a")?.GetAttribute("href") ?? "";

        page = await browser.GetAsync(new Uri(page.Address, back), Ct, app.IsCallback);

        Assert.Equal("access_denied", RelyingParty.Answer(page)["error"]);
    }

    [Fact]
    [Trait("Attack", "B2")]
    public async Task Another_host_is_refused_and_no_forwarded_one_is_believed()
    {
        using var foreign = new HttpRequestMessage(HttpMethod.Get, host.Issuer + "/signin");
        foreign.Headers.Host = "evil.example";
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.SendAsync(foreign, Ct)).StatusCode);

        using var forwarded = new HttpRequestMessage(HttpMethod.Get, host.Issuer + "/.well-known/openid-configuration");
        forwarded.Headers.Add("X-Forwarded-Host", "evil.example");
        forwarded.Headers.Add("Forwarded", "host=evil.example;proto=https");
        Assert.DoesNotContain("evil", await (await browser.SendAsync(forwarded, Ct)).Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    private string Token(WebBrowser of) => of.Cookies.GetCookies(new Uri(host.Issuer)).Single(c => c.Name == "tidp").Value;

    private static string Shape(WebPage page, string email)
    {
        foreach (var token in page.Document.QuerySelectorAll("input[type=hidden]")) token.SetAttribute("value", "");
        foreach (var link in page.Document.QuerySelectorAll("a")) link.SetAttribute("href", "");
        return page.Document.DocumentElement.OuterHtml.Replace(email, "EMAIL", StringComparison.Ordinal);
    }
}

[Collection(SqliteHost.Name)]
public sealed class LocalSignInOnSqlite(SqliteIdp host) : LocalSignInTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class LocalSignInOnPostgreSql(PostgreSqlIdp host) : LocalSignInTests(host);
