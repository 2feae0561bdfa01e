using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Workspaces;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.RoundTrips;

public sealed class SqliteTripsHost() : IdpHost(new SqliteStore())
{
    protected override void Configure(WebApplicationBuilder builder) => DatabaseTrips.AddTo(builder.Services);
}

public sealed class PostgreSqlTripsHost(PostgreSqlCluster cluster) : IdpHost(new PostgreSqlStore(cluster))
{
    protected override void Configure(WebApplicationBuilder builder) => DatabaseTrips.AddTo(builder.Services);
}

/// <summary>
/// Database statements and commits of each hot request, once caches are warm (PERFORMANCE.md P1). The numbers are exact: one more is a regression, one less belongs in here.
/// </summary>
/// <param name="host">Counts for itself.</param>
/// <param name="apart">1 on SQLite, where two rows saved together are two statements: nothing travels, so nothing is batched.</param>
public abstract class RoundTripTests(IdpHost host, int apart)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Client_credentials_read_and_write_nothing()
    {
        var app = new RelyingParty(host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, "https://unused.example"), host.Http);

        var trips = await ThirdAsync(_ => TokenAsync(app.App, ("grant_type", "client_credentials")));

        Assert.True(trips.Count == (0, 0), trips.ToString());
    }

    [Fact]
    [Trait("Attack", "F6")]
    public async Task Origins_that_somebody_makes_up_ask_the_database_nothing()
    {
        var statements = 0;
        for (var i = 0; i < 20; i++)
        {
            var (key, trips) = DatabaseTrips.Begin(host.Unique("trips"));
            using var request = new HttpRequestMessage(HttpMethod.Options, host.Issuer + "/connect/token");
            request.Headers.Add("Origin", $"https://{host.UniqueHost()}");
            request.Headers.Add("Access-Control-Request-Method", "POST");
            request.Headers.Add(DatabaseTrips.Header, key);
            using var answer = await host.Http.SendAsync(request, Ct);
            Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
            statements += trips.Count.Statements;
        }

        Assert.InRange(statements, 0, 3); // of all origins at once, again when a slow machine needs longer than they are kept
    }

    [Fact]
    public async Task Client_credentials_of_an_organization_are_one_statement()
    {
        var app = await host.CreateAppAsync(Ct, a => a with { Kind = AppKind.Machine, RedirectUris = [], PostLogoutRedirectUris = [] });
        var organization = await host.CreateOrganizationAsync(Ct);
        await host.UseAsync<AppGrantService, AppGrant>(
            s => s.GrantAsync(organization.Id, Core.Kernel.Id<App>.Parse(app.App.Id, null), ["invoices:read"], Core.Roles.Granter.Instance, null, Ct), organization.Id);

        var trips = await ThirdAsync(_ => Task.FromResult(Form(app.App, ("grant_type", "client_credentials"), ("organization", organization.Slug.Value))));

        Assert.True(trips.Count == (1, 0), trips.ToString());
    }

    [Fact]
    public async Task A_refresh_commits_once()
    {
        var person = await PersonAsync();

        var trips = await ThirdAsync(_ => RefreshAsync(person));

        Assert.True(trips.Count == (4, 1), trips.ToString());
    }

    [Fact]
    public async Task A_refresh_that_switches_the_organization_commits_once()
    {
        var person = await PersonAsync();

        var trips = await ThirdAsync(run => RefreshAsync(person, ("organization", (run % 2 == 0 ? person.Other : person.Home).Id.ToString())));

        Assert.True(trips.Count == (5 + apart, 1), trips.ToString());
    }

    [Fact]
    public async Task A_refresh_in_a_workspace_costs_what_one_without_costs()
    {
        var person = await PersonAsync("first", "second");
        person.Workspace = "first";

        var kept = await ThirdAsync(_ => RefreshAsync(person));
        var switched = await ThirdAsync(_ => RefreshAsync(person, ("workspace", "second")));

        Assert.True(kept.Count == (4, 1), kept.ToString());
        Assert.True(switched.Count == (5 + apart, 1), switched.ToString()); // as a switch of the organization
    }

    [Fact]
    public async Task A_code_is_redeemed_by_one_commit()
    {
        var person = await PersonAsync();

        var trips = await ThirdAsync(async _ =>
        {
            var pending = person.App.Authorize(("organization", person.Home.Slug.Value));
            var page = await person.Browser.GetAsync(pending.Address, Ct, person.App.IsCallback);
            return Form(person.App.App, ("grant_type", "authorization_code"), ("code", RelyingParty.Answer(page)["code"]), ("redirect_uri", person.App.App.RedirectUri), ("code_verifier", pending.Verifier));
        });

        Assert.True(trips.Count == (4, 1), trips.ToString());
    }

    [Fact]
    public async Task A_signed_in_person_is_sent_back_with_a_code()
    {
        var person = await PersonAsync();

        var trips = await ThirdAsync(_ =>
        {
            var request = new HttpRequestMessage(HttpMethod.Get, person.App.Authorize(("organization", person.Home.Id.ToString())).Address);
            request.Headers.Add("Cookie", person.Browser.Cookies.GetCookieHeader(new Uri(host.Issuer)));
            return Task.FromResult(request);
        }, HttpStatusCode.Redirect);

        Assert.True(trips.Count == (4 + apart, 1), trips.ToString());
    }

    [Fact]
    public async Task A_hundred_permission_checks_are_one_statement()
    {
        var person = await PersonAsync();
        var user = await host.ReadAsync(db => db.Memberships.IgnoreQueryFilters([Core.IdpDbContext.OrganizationFilter]).Where(m => m.OrganizationId == person.Home.Id).Select(m => m.UserId).SingleAsync(Ct));
        var token = await OperatorTokenAsync();
        var checks = Enumerable.Range(0, 100).Select(i => new { userId = user.ToString(), organizationId = (i % 2 == 0 ? person.Home : person.Other).Id.ToString(), permission = "invoices:read" });

        var trips = await ThirdAsync(_ =>
        {
            var request = new HttpRequestMessage(HttpMethod.Post, host.Issuer + "/api/v1/authorization/check") { Content = System.Net.Http.Json.JsonContent.Create(new { checks }) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            return Task.FromResult(request);
        });

        Assert.True(trips.Count == (1, 0), trips.ToString());
    }

    [Fact]
    public async Task Userinfo_writes_nothing()
    {
        var person = await PersonAsync();

        var trips = await ThirdAsync(_ =>
        {
            var request = new HttpRequestMessage(HttpMethod.Get, host.Issuer + "/connect/userinfo");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", person.AccessToken);
            return Task.FromResult(request);
        });

        Assert.True(trips.Count == (2, 0), trips.ToString());
    }

    [Fact]
    public async Task The_home_realm_of_an_unknown_domain_is_one_statement()
    {
        using var browser = new WebBrowser();

        var trips = await ThirdAsync(_ => EmailStepAsync(browser, $"jane@{host.UniqueHost()}"));

        Assert.True(trips.Count == (1, 0), trips.ToString());
    }

    [Fact]
    public async Task The_home_realm_of_a_domain_that_the_node_remembers_leads_away_without_asking_the_database()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var organization = await host.CreateOrganizationAsync(Ct);
        var domain = await host.VerifyDomainAsync(organization, Ct);
        await host.ConnectAsync(organization, upstream, Ct);
        using var browser = new WebBrowser();

        var trips = (await ThirdAsync(_ => EmailStepAsync(browser, $"jane@{domain}"), HttpStatusCode.Redirect)).WithoutCaches();

        Assert.True(trips.Count == (0, 0), trips.ToString());
    }

    [Fact]
    public async Task A_page_of_events_is_one_statement_and_a_filtered_one_two()
    {
        var token = await OperatorTokenAsync();
        // The end of what is sealed is looked for first: where nothing is yet, nothing else is.
        await Waiting.UntilAsync(() => host.ReadAsync(db => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AnyAsync(e => e.Position != null, Ct)), TimeSpan.FromSeconds(30), "an event is sealed", Ct);

        using var first = new HttpRequestMessage(HttpMethod.Get, $"{host.Issuer}/api/v1/events?limit=3");
        first.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var page = await host.Http.SendAsync(first, Ct);
        var after = (string)System.Text.Json.Nodes.JsonNode.Parse(await page.Content.ReadAsStringAsync(Ct))!["next"]!; // always there
        foreach (var (query, statements) in new[] { ("", 1), ($"?after={after}", 1), ("?type=organization.", 2), ("?target=org_x", 1) })
        {
            var trips = await ThirdAsync(_ =>
            {
                var request = new HttpRequestMessage(HttpMethod.Get, $"{host.Issuer}/api/v1/events{query}");
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
                return Task.FromResult(request);
            });
            Assert.True(trips.Count == (statements, 0), $"{query}: {trips}");
        }
    }

    [Fact]
    public async Task A_saml_response_is_remembered_by_one_statement()
    {
        var visit = await SamlAsync();

        var trips = await ThirdAsync(async _ => Post(visit.Connection, visit.Idp.Sign(await AnswerAsync(visit))), HttpStatusCode.SeeOther);

        // PostgreSQL commits a single statement by itself.
        Assert.True(trips.Count == (1, apart), trips.ToString());
    }

    [Fact]
    public async Task A_known_person_of_a_saml_connection_is_signed_in_by_one_commit()
    {
        var visit = await SamlAsync();

        var trips = await ThirdAsync(async _ =>
        {
            visit.Browser.Cookies.GetAllCookies().ToList().ForEach(c => c.Expired = true); // a session of its own each time
            using var posted = await host.Http.SendAsync(Post(visit.Connection, visit.Idp.Sign(await AnswerAsync(visit))), Ct);
            var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(host.Issuer), posted.Headers.Location!)); // a redirect has a location
            request.Headers.Add("Cookie", visit.Browser.Cookies.GetCookieHeader(new Uri(host.Issuer)));
            return request;
        }, HttpStatusCode.SeeOther);

        // Two of them ask what the domains of the person's addresses open.
        Assert.True(trips.Count == (11 + (4 * apart), 1), trips.ToString());
    }

    private async Task<string> OperatorTokenAsync() => (await new RelyingParty(host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), host.Http)
        .TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;

    private sealed record SamlVisit(TestSamlIdp Idp, Connection Connection, string Domain, RelyingParty App, WebBrowser Browser);

    private async Task<SamlVisit> SamlAsync()
    {
        var idp = new TestSamlIdp($"https://{host.UniqueHost()}");
        var organization = await host.CreateOrganizationAsync(Ct);
        var domain = await host.VerifyDomainAsync(organization, Ct);
        return new SamlVisit(idp, await host.ConnectSamlAsync(organization, idp, Ct), domain, await host.CreateAppAsync(Ct), new WebBrowser());
    }

    private static async Task<SamlAnswer> AnswerAsync(SamlVisit visit)
    {
        var page = await visit.Browser.GetAsync(visit.App.Authorize(("login_hint", $"jane@{visit.Domain}")).Address, Ct, visit.Idp.IsHere);
        return visit.Idp.Answer(TestSamlIdp.Read(page.Address), "p-1", $"jane@{visit.Domain}");
    }

    private HttpRequestMessage Post(Connection connection, string response) =>
        new(HttpMethod.Post, $"{host.Issuer}/sso/saml/{connection.Id}/acs") { Content = new FormUrlEncodedContent([new("SAMLResponse", response)]) };

    private sealed record Person(RelyingParty App, WebBrowser Browser, Organization Home, Organization Other, string AccessToken)
    {
        public string RefreshToken { get; set; } = "";

        /// <summary>What the person's own authorizations ask for.</summary>
        public string Workspace { get; set; } = WorkspaceName.None;
    }

    private async Task<Person> PersonAsync(params string[] workspaces)
    {
        var user = await host.CreateUserAsync($"{host.Unique("trip")}@{host.UniqueHost()}", Ct);
        var home = await host.CreateOrganizationAsync(Ct);
        var other = await host.CreateOrganizationAsync(Ct);
        var member = await host.AddMemberAsync(home, user, Ct);
        foreach (var slug in workspaces)
        {
            var workspace = await host.UseAsync<WorkspaceService, Workspace>(s => s.CreateAsync(home.Id, new NewWorkspace(slug, slug), Ct), home.Id);
            await host.UseAsync<WorkspaceMembers, WorkspaceMemberView>(s => s.PutAsync(home.Id, workspace.Id, member.Membership.Id, [], Core.Roles.Granter.Instance, null, Ct), home.Id);
        }

        await host.AddMemberAsync(other, user, Ct);
        var app = await host.CreateAppAsync(Ct);
        var (browser, _) = await host.SignedInAsync(user, Ct);
        var tokens = await IdpHost.TokensAsync(browser, app, Ct, ("organization", home.Id.ToString()));
        return new Person(app, browser, home, other, tokens.AccessToken) { RefreshToken = tokens.RefreshToken };
    }

    private Task<HttpRequestMessage> TokenAsync(TestApp app, params (string Name, string Value)[] form) => Task.FromResult(Form(app, form));

    private async Task<HttpRequestMessage> RefreshAsync(Person person, params (string Name, string Value)[] extra)
    {
        // The family moves on by a refresh that is not counted, so that each counted one has a token of its own.
        var next = await person.App.RefreshAsync(person.RefreshToken, Ct);
        person.RefreshToken = next.RefreshToken;
        var counted = Form(person.App.App, [("grant_type", "refresh_token"), ("refresh_token", next.RefreshToken), .. extra]);
        var fresh = await IdpHost.TokensAsync(person.Browser, person.App, Ct, ("organization", person.Home.Id.ToString()), ("workspace", person.Workspace));
        person.RefreshToken = fresh.RefreshToken;
        return counted;
    }

    private HttpRequestMessage Form(TestApp app, params (string Name, string Value)[] form)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, host.Issuer + "/connect/token") { Content = new FormUrlEncodedContent(form.Select(f => new KeyValuePair<string, string>(f.Name, f.Value))) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{app.ClientId}:{app.Secret}")));
        return request;
    }

    private async Task<HttpRequestMessage> EmailStepAsync(WebBrowser browser, string email)
    {
        var page = await browser.GetAsync(host.Issuer + "/signin", Ct);
        var fields = page.Form().Elements.OfType<AngleSharp.Html.Dom.IHtmlInputElement>().Where(f => f.Name is { Length: > 0 } and not "email").Select(f => new KeyValuePair<string, string>(f.Name!, f.Value)); // filtered
        var request = new HttpRequestMessage(HttpMethod.Post, host.Issuer + "/signin") { Content = new FormUrlEncodedContent(fields.Append(new("email", email))) };
        request.Headers.Add("Cookie", browser.Cookies.GetCookieHeader(new Uri(host.Issuer)));
        request.Headers.Add("Origin", host.Issuer);
        return request;
    }

    /// <summary>Sends three such requests, counts the third: what is cached or compiled once is not its cost.</summary>
    private async Task<Trips> ThirdAsync(Func<int, Task<HttpRequestMessage>> make, HttpStatusCode expected = HttpStatusCode.OK)
    {
        var (key, trips) = DatabaseTrips.Begin(host.Unique("trips"));
        for (var run = 0; run < 3; run++)
        {
            using var request = await make(run);
            if (run == 2) request.Headers.Add(DatabaseTrips.Header, key);
            using var response = await host.Http.SendAsync(request, Ct);
            Assert.True(response.StatusCode == expected, $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(Ct)}");
        }

        return trips;
    }
}

/// <summary>Counted while nothing else runs.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class CountedAlone;

[Collection(typeof(CountedAlone))]
public sealed class SqliteRoundTripTests(SqliteTripsHost host) : RoundTripTests(host, apart: 1), IClassFixture<SqliteTripsHost>;

[Collection(typeof(CountedAlone))]
public sealed class PostgreSqlRoundTripTests(PostgreSqlTripsHost host) : RoundTripTests(host, apart: 0), IClassFixture<PostgreSqlTripsHost>;
