using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Organizations;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.SignIn;

/// <summary>
/// Addresses that two parsers read differently, on every way by which one comes in (SECURITY.md B8): none is taken for the victim's, none is kept. {V} is the victim's domain,
/// {E} the attacker's; both lead to a connection.
/// </summary>
public abstract class AddressAttackTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static readonly string[] Shapes =
    [
        "=?utf-8?q?target?=@{V}", "=?utf-8?q?target=40{V}=3e=00?=foo@{E}", "target@{V}@{E}", "\"target@{V}\"@{E}", "\"target\"@{V}",
        "target(comment)@{V}", "(c)target@{V}", "target%{V}@{E}", "{V}!target@{E}",
        "target@{V}.", "target@{V}\u3002", "target\uFF20{V}", "target@{E}\uFF20{V}", "target@{V}\r\nBcc: x@{E}", "target@{V}\nx@{E}",
        "t\u0131rget@{V}", "ta\u200Brget@{V}", "\uFF54arget@{V}", "target@{V},x@{E}", "target@{V};x@{E}",
        "<target@{V}>", "Name <target@{V}>", "mailto:target@{V}", "target@[127.0.0.1]", "target@127.0.0.1", "target@@{V}", "@{V}", "target@", "tar get@{V}",
        "target @{V}", ".target@{V}", "target.@{V}", "tar..get@{V}", "target@.{V}",
        "target@{V}/..", "target@{V}#{E}", "target@{V}?x", "target@{V}:25", "target\\@{V}",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@{V}", "target@-{V}",
    ];

    private sealed record World(string Victim, string Evil, Organization Attacker, HttpClient Api) : IDisposable
    {
        public string Fill(string shape) => shape.Replace("{V}", Victim, StringComparison.Ordinal).Replace("{E}", Evil, StringComparison.Ordinal);

        public void Dispose() => Api.Dispose();
    }

    private async Task<World> WorldAsync()
    {
        var (victims, attackers) = (await host.CreateOrganizationAsync(Ct), await host.CreateOrganizationAsync(Ct));
        var (victim, evil) = (await host.VerifyDomainAsync(victims, Ct), await host.VerifyDomainAsync(attackers, Ct));
        var operators = new RelyingParty(host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), host.Http);
        var token = await operators.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct);
        var api = new HttpClient(new HttpClientHandler { UseProxy = false }) { BaseAddress = new Uri(host.Issuer + "/api/v1/") };
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.AccessToken);
        return new World(victim, evil, attackers, api);
    }

    private Task<int> KeptAsync(World world) => host.ReadAsync(async db =>
        await db.UserEmails.CountAsync(e => e.Address.Contains(world.Victim) || e.Address.Contains(world.Evil), Ct)
        + await db.Invitations.IgnoreQueryFilters().CountAsync(i => i.Address.Contains(world.Victim) || i.Address.Contains(world.Evil), Ct));

    [Fact]
    [Trait("Attack", "B8")]
    public async Task The_api_takes_no_address_that_two_parsers_read_differently()
    {
        using var world = await WorldAsync();
        var user = await host.CreateUserAsync($"someone@{host.UniqueHost()}", Ct);
        var organization = $"organizations/{world.Attacker.Id}";

        foreach (var (email, path, body) in Shapes.Select(world.Fill).SelectMany(email => new (string, string, object)[]
        {
            (email, "users", new { emails = new[] { new { address = email, verified = true } } }),
            (email, $"users/{user.Id}/emails", new { address = email }),
            (email, $"{organization}/invitations", new { email }),
            (email, $"{organization}/members", new { email }),
            (email, "organizations", new { displayName = "Owned", owner = new { email } }),
        }))
        {
            using var answer = await world.Api.PostAsJsonAsync(path, body, Ct);
            var said = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct));
            Assert.True(answer.StatusCode == HttpStatusCode.BadRequest, $"{path} {JsonSerializer.Serialize(email)}: {answer.StatusCode} {said}");
            Assert.True((string?)said?["code"] is "email_invalid" or "validation_failed" or "invalid_request", $"{path} {JsonSerializer.Serialize(email)}: {said}");
        }

        Assert.Equal(0, await KeptAsync(world));
    }

    [Fact]
    [Trait("Attack", "B8")]
    public async Task The_sign_in_page_leads_such_an_address_nowhere()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (victims, app) = (await host.CreateOrganizationAsync(Ct), await host.CreateAppAsync(Ct));
        var victim = await host.VerifyDomainAsync(victims, Ct);
        await host.ConnectAsync(victims, upstream, Ct);
        bool Leads(Uri address) => address.Authority != new Uri(host.Issuer).Authority;

        foreach (var email in Shapes.Select(s => s.Replace("{V}", victim, StringComparison.Ordinal).Replace("{E}", host.UniqueHost(), StringComparison.Ordinal))) await LeadsNowhereAsync(app, email, Leads);
    }

    private static async Task LeadsNowhereAsync(RelyingParty app, string email, Func<Uri, bool> leads)
    {
        using var browser = new WebBrowser();
        var page = await browser.GetAsync(app.Authorize(("login_hint", email)).Address, Ct, leads);
        Assert.False(leads(page.Address), $"hint {email}: {page.Address}");
        Assert.InRange((int)page.Status, 200, 499);
        page = await browser.GetAsync(app.Authorize().Address, Ct, leads);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["email"] = email }, Ct, stopAt: leads);

        Assert.False(leads(page.Address), $"form {email}: {page.Address}");
        Assert.InRange((int)page.Status, 200, 499);
        Assert.Empty(page.Document.QuerySelectorAll("input[type=password]"));
    }

    [Fact]
    [Trait("Attack", "B8")]
    public async Task No_directory_and_no_identity_provider_brings_such_an_address_in()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        using var world = await WorldAsync();
        var directory = host.ScimOf(await host.CreateDirectoryAsync(world.Attacker, Ct));
        var connection = await host.ConnectAsync(world.Attacker, upstream, Ct, c => c with { TrustEmail = true });
        var app = await host.CreateAppAsync(Ct);
        foreach (var email in Shapes.Select(world.Fill))
        {
            var quoted = JsonSerializer.Serialize(email);
            const string Schema = "urn:ietf:params:scim:schemas:core:2.0:User";
            var pushed = await directory.PostAsync("/Users", $$"""{"schemas":["{{Schema}}"],"userName":{{quoted}},"emails":[{"value":{{quoted}},"type":"work","primary":true}]}""", Ct);
            Assert.InRange((int)pushed.Status, 200, 499);
            upstream.SignsIn("subject-of-the-attack", email);
            using var browser = new WebBrowser();

            var page = await browser.GetAsync(app.Authorize(("connection", connection.Id.ToString())).Address, Ct, app.IsCallback);

            Assert.InRange((int)page.Status, 200, 499);
            Assert.False(app.IsCallback(page.Address) && RelyingParty.Answer(page).ContainsKey("code"), $"{email}: {page.Address}");
        }

        Assert.Equal(0, await KeptAsync(world));
    }
}

[Collection(SqliteHost.Name)]
public sealed class AddressAttacksOnSqlite(SqliteIdp host) : AddressAttackTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class AddressAttacksOnPostgreSql(PostgreSqlIdp host) : AddressAttackTests(host);
