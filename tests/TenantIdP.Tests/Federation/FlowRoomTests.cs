using System.Net;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Federation;

/// <summary>A provider that never answers and sends the browser back to begin again.</summary>
public abstract class FlowRoomTests(IdpHost host) : IAsyncLifetime
{
    private static readonly string[] Names = ["tidp-sso-return.", "tidp-sso-flow.", "tidp-sso-nonce."];

    private readonly WebBrowser browser = new(new CookieContainer(1_000, 1_000, 8_192));
    private TestUpstream? started;
    private RelyingParty? registered;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private TestUpstream Upstream => started!; // started before the test
    private RelyingParty App => registered!; // as above

    public async ValueTask InitializeAsync() => (started, registered) = (await TestUpstream.StartAsync(Ct), await host.CreateAppAsync(Ct));

    public async ValueTask DisposeAsync()
    {
        browser.Dispose();
        await Upstream.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [Trait("Attack", "F6")]
    [InlineData(0)]
    [InlineData(6_000)]
    public async Task Sign_ins_that_were_begun_and_never_ended_do_not_fill_the_browser_with_cookies(int length)
    {
        var (first, second) = (await AcmeAsync(), await AcmeAsync());
        Upstream.SignsIn("u-room", $"jane@{first}");
        for (var i = 0; i < 12; i++)
        {
            var page = await browser.GetAsync(Long(App.Authorize(("login_hint", $"jane@{(i % 2 == 0 ? first : second)}")).Address), Ct, IsAnswer);
            Assert.True(IsAnswer(page.Address), $"{i}: {page.Status} {page.Address.AbsolutePath}");
        }

        // A long one is in several cookies.
        foreach (var name in length == 0 ? Names : Names[1..]) Assert.Equal(3, browser.Cookies.GetAllCookies().Count(c => c.Name.StartsWith(name, StringComparison.Ordinal)));
        Assert.InRange(browser.Cookies.GetCookieHeader(new Uri(host.Issuer)).Length, 1, 32 * 1024);

        var pending = App.Authorize(("login_hint", $"jane@{first}"));
        var end = await browser.GetAsync(Long(pending.Address), Ct, App.IsCallback);
        Assert.True(RelyingParty.Answer(end).ContainsKey("code"), $"{end.Status} {end.Address}");

        Uri Long(Uri address) => new($"{address.AbsoluteUri}&filler={new string('x', length)}");
    }

    [Fact]
    [Trait("Attack", "F6")]
    public async Task An_address_takes_little_more_room_in_a_cookie_than_it_has_characters()
    {
        var domain = await AcmeAsync();
        var address = App.Authorize(("login_hint", $"jane@{domain}")).Address.AbsoluteUri + string.Concat(Enumerable.Range(0, 1_000).Select(i => $"&{i}="));

        var page = await browser.GetAsync(address, Ct, IsAnswer);

        Assert.True(IsAnswer(page.Address), $"{page.Status} {page.Address.AbsolutePath}");
        Assert.InRange(browser.Cookies.GetCookieHeader(new Uri(host.Issuer)).Length, address.Length, address.Length * 2);
    }

    [Fact]
    public async Task The_newest_three_come_back_in_any_order_and_a_fourth_has_to_begin_again()
    {
        var domain = await AcmeAsync();
        Upstream.SignsIn("u-tabs", $"jane@{domain}");
        var answers = new List<Uri>();
        for (var i = 0; i < 4; i++) answers.Add((await browser.GetAsync(App.Authorize(("login_hint", $"jane@{domain}")).Address, Ct, IsAnswer)).Address);

        Assert.Equal(HttpStatusCode.BadRequest, (await browser.GetAsync(answers[0], Ct, App.IsCallback)).Status);
        foreach (var tab in (int[])[2, 1, 3])
        {
            var page = await browser.GetAsync(answers[tab], Ct, App.IsCallback);
            Assert.True(App.IsCallback(page.Address) && RelyingParty.Answer(page).ContainsKey("code"), $"{tab}: {page.Status} {page.Address}");
        }
    }

    private static bool IsAnswer(Uri address) => address.AbsolutePath.StartsWith("/sso/oidc/", StringComparison.Ordinal);

    private async Task<string> AcmeAsync()
    {
        var acme = await host.CreateOrganizationAsync(Ct);
        var domain = await host.VerifyDomainAsync(acme, Ct);
        await host.ConnectAsync(acme, Upstream, Ct);
        return domain;
    }
}

[Collection(SqliteHost.Name)]
public sealed class FlowRoomOnSqlite(SqliteIdp host) : FlowRoomTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class FlowRoomOnPostgreSql(PostgreSqlIdp host) : FlowRoomTests(host);
