using System.Net;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Interop;

/// <summary>npm oidc-provider is the customer's identity provider, with the pages it ships.</summary>
public abstract class OidcProviderTests(IdpHost host) : IAsyncDisposable
{
    private const string ClientId = "tenantidp";
    private const string ClientSecret = "upstream-secret-upstream-secret-upstream";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private readonly WebBrowser browser = new();
    private NodeProgram? provider;

    private sealed record Customer(Organization Organization, string Domain, Connection Connection, string Issuer);

    public async ValueTask DisposeAsync()
    {
        browser.Dispose();
        if (provider is not null) await provider.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Theory, InlineData("client_secret_post"), InlineData("client_secret_basic")]
    public async Task An_email_leads_to_the_customers_pages_and_back_as_a_new_member(string authentication)
    {
        var customer = await ConnectAsync(authentication);
        var app = await host.CreateAppAsync(Ct);

        var tokens = await SignInAsync(browser, app, customer, "jane");

        Assert.Equal(customer.Organization.Id.ToString(), (string?)tokens.Access["org_id"]);
        Assert.Equal(customer.Connection.Id.ToString(), (string?)tokens.Access["connection_id"]);
        Assert.Equal([BuiltInRoles.Member], tokens.Access["roles"]!.AsArray().Select(r => (string?)r));
        Assert.Equal(["invoices:read"], tokens.Access["permissions"]!.AsArray().Select(p => (string?)p));
        Assert.Equal($"jane@{customer.Domain}", (string?)tokens.Id["email"]);
        Assert.True((bool?)tokens.Id["email_verified"]);
        Assert.Equal("jane Upstream", (string?)tokens.Id["name"]);
        Assert.Equal(1, (int?)(await provider!.DoAsync("count", Ct))["codesRedeemed"]); // started by ConnectAsync
    }

    [Fact]
    public async Task The_same_person_comes_back_as_the_same_user_and_another_one_does_not()
    {
        var customer = await ConnectAsync("client_secret_post");
        var app = await host.CreateAppAsync(Ct);

        var first = await SignInAsync(browser, app, customer, "jane");
        using var elsewhere = new WebBrowser();
        var again = await SignInAsync(elsewhere, app, customer, "jane");
        using var another = new WebBrowser();
        var john = await SignInAsync(another, app, customer, "john");

        Assert.Equal((string?)first.Access["sub"], (string?)again.Access["sub"]);
        Assert.NotEqual((string?)first.Access["sid"], (string?)again.Access["sid"]);
        Assert.NotEqual((string?)first.Access["sub"], (string?)john.Access["sub"]);
    }

    [Fact]
    public async Task A_person_who_gives_up_there_is_told_and_stays_nobody()
    {
        var customer = await ConnectAsync("client_secret_post");
        var app = await host.CreateAppAsync(Ct);
        var page = await ToProviderAsync(browser, app, app.Authorize(), customer, "jane");
        var cancel = page.Document.QuerySelector("a[href*='abort']")?.GetAttribute("href") ?? "";

        page = await browser.GetAsync(new Uri(page.Address, cancel), Ct, app.IsCallback);

        Assert.Equal(new Uri(host.Issuer).Authority, page.Address.Authority);
        Assert.Matches("Trace [0-9a-f]{32}", page.Text);
        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        await AssertNobodyAsync($"jane@{customer.Domain}");
    }

    [Fact]
    public async Task A_disabled_connection_sends_nobody_there_and_lets_nobody_back_in()
    {
        var customer = await ConnectAsync("client_secret_post");
        var app = await host.CreateAppAsync(Ct);
        var page = await ToProviderAsync(browser, app, app.Authorize(), customer, "jane");
        await host.UseAsync<ConnectionService, Connection>(s => s.DisableAsync(customer.Organization.Id, customer.Connection.Id, Ct), customer.Organization.Id);

        page = await ThereAsync(browser, app, page, "jane");
        using var late = new WebBrowser();
        var asked = await late.GetAsync(app.Authorize().Address, Ct, app.IsCallback);
        asked = await late.SubmitAsync(asked, new Dictionary<string, string> { ["email"] = $"jane@{customer.Domain}" }, Ct, stopAt: app.IsCallback);

        Assert.Equal(HttpStatusCode.NotFound, page.Status);
        Assert.Contains("connection_unavailable", page.Text, StringComparison.Ordinal);
        Assert.Equal(new Uri(host.Issuer).Authority, asked.Address.Authority);
        Assert.DoesNotContain(late.Trail, u => u.AbsoluteUri.StartsWith(customer.Issuer, StringComparison.Ordinal));
        await AssertNobodyAsync($"jane@{customer.Domain}");
    }

    private async Task<Customer> ConnectAsync(string authentication)
    {
        var organization = await host.CreateOrganizationAsync(Ct);
        var domain = await host.VerifyDomainAsync(organization, Ct);
        provider = NodeProgram.Start("oidc-provider.mjs", new JsonObject
        {
            ["clientId"] = ClientId,
            ["clientSecret"] = ClientSecret,
            ["authentication"] = authentication,
            ["domain"] = domain,
        });
        var issuer = (string)(await provider.DoAsync("issuer", Ct))["issuer"]!; // part of a success
        var wanted = new NewOidcConnection("Customer", issuer, ClientId, ClientSecret);
        var made = await host.UseAsync<ConnectionService, Connection>(s => s.CreateOidcAsync(organization.Id, wanted, Granter.Instance, Ct), organization.Id);
        await provider.DoAsync("start", Ct, ("redirectUri", $"{host.Issuer}/sso/oidc/{made.Id}/callback"));
        var connection = await host.UseAsync<ConnectionService, Connection>(s => s.ActivateAsync(organization.Id, made.Id, "Made by a test", Granter.Instance, Ct), organization.Id);
        return new Customer(organization, domain, connection, issuer);
    }

    private static async Task<TokenAnswer> SignInAsync(WebBrowser browser, RelyingParty app, Customer customer, string login)
    {
        var pending = app.Authorize();
        var page = await ThereAsync(browser, app, await ToProviderAsync(browser, app, pending, customer, login), login);
        Assert.True(app.IsCallback(page.Address), $"{page.Address} {page.Status}: {page.Text.Trim()}");
        var tokens = await app.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        Assert.True(tokens.IsOk, tokens.Body.ToJsonString());
        return tokens;
    }

    private static async Task<WebPage> ToProviderAsync(WebBrowser browser, RelyingParty app, RelyingParty.Pending pending, Customer customer, string login)
    {
        var page = await browser.GetAsync(pending.Address, Ct, app.IsCallback);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["email"] = $"{login}@{customer.Domain}" }, Ct, stopAt: app.IsCallback);
        Assert.StartsWith(customer.Issuer + "/interaction/", page.Address.AbsoluteUri, StringComparison.Ordinal);
        Assert.Equal($"{login}@{customer.Domain}", page.Document.QuerySelector("input[name=login]")?.GetAttribute("value"));
        return page;
    }

    /// <summary>Its sign-in page, then its consent page.</summary>
    private static async Task<WebPage> ThereAsync(WebBrowser browser, RelyingParty app, WebPage page, string login)
    {
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["login"] = login, ["password"] = "any" }, Ct, stopAt: app.IsCallback);
        return await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, stopAt: app.IsCallback);
    }

    private async Task AssertNobodyAsync(string email) => Assert.False(await host.ReadAsync(db => db.UserEmails.AnyAsync(e => e.Normalized == email, Ct)));
}

[Collection(SqliteHost.Name)]
public sealed class OidcProviderOnSqlite(SqliteIdp host) : OidcProviderTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class OidcProviderOnPostgreSql(PostgreSqlIdp host) : OidcProviderTests(host);
