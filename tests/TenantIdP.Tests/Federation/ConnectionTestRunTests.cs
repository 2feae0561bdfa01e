using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Federation;

/// <summary>A test of a connection does everything a sign-in does, and leaves nothing but its trace and its mark.</summary>
public abstract class ConnectionTestRunTests(IdpHost host) : IAsyncLifetime
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private readonly WebBrowser browser = new();
    private TestUpstream? started;

    private TestUpstream Upstream => started!; // started before the test

    public async ValueTask InitializeAsync() => started = await TestUpstream.StartAsync(Ct);

    public async ValueTask DisposeAsync()
    {
        browser.Dispose();
        await Upstream.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_draft_that_passes_may_be_activated_and_no_other_row_has_changed()
    {
        var (organization, domain, draft) = await DraftAsync();
        Upstream.SignsIn("u-test", $"jane@{domain}", name: "Jane Doe");
        var before = await RowsAsync(organization);

        var page = await RunAsync(draft);

        Assert.Equal($"/sso/{draft.Id}/test/result", page.Address.AbsolutePath);
        Assert.Contains("The test passed", page.Text, StringComparison.Ordinal);
        Assert.Contains("An account and a membership would be made", page.Text, StringComparison.Ordinal);
        Assert.Contains($"jane@{domain}", page.Text, StringComparison.Ordinal); // what came, to this browser
        Assert.Equal(before, await RowsAsync(organization));
        Assert.DoesNotContain(browser.Cookies.GetAllCookies(), c => c.Name == "tidp");
        var trace = Assert.Single(await TracesAsync(draft));
        Assert.Equal((TraceOutcome.TestPassed, "ok"), (trace.Outcome, trace.Code));
        Assert.Equal(ActorKind.App, Assert.Single(await EventsAsync(draft, EventTypes.ConnectionTested)).ActorKind);
        Assert.Empty(await EventsAsync(draft, EventTypes.SignInRefused));

        var active = await host.UseAsync<ConnectionService, Connection>(s => s.ActivateAsync(organization.Id, draft.Id, null, Granter.Instance, Ct), organization.Id);
        Assert.Equal((ConnectionStatus.Active, null), (active.Status, active.UntestedReason));
    }

    [Theory]
    [InlineData("audience", "audience")]
    [InlineData("refused upstream", "refused_upstream")]
    [InlineData("foreign address", "email_domain_not_allowed")]
    [InlineData("unverified address", "email_not_verified")]
    [InlineData("nobody joins", "jit_disabled")]
    [InlineData("discovery", "unreachable")]
    public async Task A_test_that_fails_names_the_check_and_leaves_the_draft_untested(string what, string code)
    {
        var (organization, domain, draft) = await DraftAsync(jit: what == "nobody joins" ? JitMode.Off : JitMode.On);
        Upstream.SignsIn("u-fail", what == "foreign address" ? "jane@elsewhere.example" : $"jane@{domain}", emailVerified: what != "unverified address");
        if (what == "audience") Upstream.Twist = p => p["aud"] = "somebody-else";
        if (what == "refused upstream") Upstream.TwistRedirect = r => { r.Remove("code"); r["error"] = "access_denied"; };
        if (what == "discovery") Upstream.Intercept = http => { http.Response.StatusCode = 503; return Task.FromResult(true); };
        var before = await RowsAsync(organization);

        var page = await RunAsync(draft);

        Assert.Contains("The test failed", page.Text, StringComparison.Ordinal);
        var trace = Assert.Single(await TracesAsync(draft));
        Assert.Equal((TraceOutcome.TestFailed, code), (trace.Outcome, trace.Code));
        var failed = Assert.Single(trace.Steps, s => s.Verdict == TraceVerdict.Failed);
        Assert.Equal(trace.Summary, failed.Fix);
        Assert.Contains(trace.Summary, page.Document.QuerySelector("li.failed .fix")!.TextContent, StringComparison.Ordinal); // asserted to be there by its text
        Assert.Equal(before, await RowsAsync(organization));
        Assert.Empty(await EventsAsync(draft, EventTypes.SignInRefused));
        Assert.Null((await ReloadAsync(draft)).TestedAt);
    }

    [Fact]
    [Trait("Attack", "A9")]
    public async Task A_draft_and_a_disabled_connection_are_tested_and_are_no_way_in()
    {
        var (organization, domain, draft) = await DraftAsync();
        var app = await host.CreateAppAsync(Ct);
        Upstream.SignsIn("u-draft", $"jane@{domain}");
        Assert.Contains("The test passed", (await RunAsync(draft)).Text, StringComparison.Ordinal);
        await SignInFindsNobodyAsync(app, draft, domain);

        await host.UseAsync<ConnectionService, Connection>(s => s.ActivateAsync(organization.Id, draft.Id, null, Granter.Instance, Ct), organization.Id);
        await host.UseAsync<ConnectionService, Connection>(s => s.DisableAsync(organization.Id, draft.Id, Ct), organization.Id);
        Assert.Contains("The test passed", (await RunAsync(draft)).Text, StringComparison.Ordinal);
        await SignInFindsNobodyAsync(app, draft, domain);
        Assert.Empty(await host.ReadAsync(db => db.UserIdentities.Where(i => i.ConnectionId == draft.Id).ToListAsync(Ct)));
    }

    private async Task SignInFindsNobodyAsync(RelyingParty app, Connection connection, string domain)
    {
        Upstream.Requests.Clear();
        await browser.GetAsync(app.Authorize(("login_hint", $"jane@{domain}"), ("organization", connection.OrganizationId.ToString())).Address, Ct, app.IsCallback);
        await browser.GetAsync($"{host.Issuer}/signin?connection={connection.Id}", Ct);
        Assert.DoesNotContain("/authorize", Upstream.Requests);
        var answer = await browser.GetAsync($"{host.Issuer}/sso/oidc/{connection.Id}/callback?code=x&state=y", Ct);
        Assert.Equal(HttpStatusCode.NotFound, answer.Status);
        Assert.Contains("connection_unavailable", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(browser.Cookies.GetAllCookies(), c => c.Name == "tidp");
    }

    [Fact]
    [Trait("Attack", "A3")]
    public async Task The_answer_to_a_test_is_worth_nothing_in_another_browser_and_nothing_twice()
    {
        var (organization, domain, draft) = await DraftAsync();
        Upstream.SignsIn("u-replay", $"jane@{domain}");
        var stopped = await RunAsync(draft, u => u.AbsolutePath.EndsWith("/callback", StringComparison.Ordinal));
        using var stranger = new WebBrowser();
        using var copy = new WebBrowser(CopyOf(browser.Cookies));
        var before = await RowsAsync(organization);

        var elsewhere = await stranger.GetAsync(stopped.Address, Ct);
        Assert.Contains("state_mismatch", elsewhere.Text, StringComparison.Ordinal);
        Assert.Empty(await TracesAsync(draft));

        Assert.Contains("The test passed", (await browser.GetAsync(stopped.Address, Ct)).Text, StringComparison.Ordinal);
        var again = await copy.GetAsync(stopped.Address, Ct); // every cookie as it was; the provider's code is spent
        Assert.Contains("The test failed", again.Text, StringComparison.Ordinal);
        var third = await browser.GetAsync(stopped.Address, Ct);
        Assert.Contains("state_mismatch", third.Text, StringComparison.Ordinal);

        Assert.Single(await EventsAsync(draft, EventTypes.ConnectionTested));
        Assert.Equal(before, await RowsAsync(organization));
        foreach (var each in new[] { browser, stranger, copy }) Assert.DoesNotContain(each.Cookies.GetAllCookies(), c => c.Name == "tidp");
    }

    [Fact]
    public async Task An_ordinary_sign_in_never_counts_as_a_test()
    {
        var organization = await host.CreateOrganizationAsync(Ct);
        var domain = await host.VerifyDomainAsync(organization, Ct);
        var connection = await host.ConnectAsync(organization, Upstream, Ct);
        var app = await host.CreateAppAsync(Ct);
        Upstream.SignsIn("u-ordinary", $"jane@{domain}");

        var page = await browser.GetAsync(app.Authorize(("login_hint", $"jane@{domain}")).Address, Ct, app.IsCallback);

        Assert.True(app.IsCallback(page.Address), page.Text);
        Assert.Null((await ReloadAsync(connection)).TestedAt);
        Assert.Empty(await EventsAsync(connection, EventTypes.ConnectionTested));
    }

    [Fact]
    public async Task The_session_of_the_browser_that_tests_stays_as_it_was()
    {
        var (_, domain, draft) = await DraftAsync();
        var user = await host.CreateUserAsync($"admin@{host.UniqueHost()}", Ct);
        var (mine, session) = await host.SignedInAsync(user, Ct);
        using var signedIn = mine;
        var token = signedIn.Cookies.GetAllCookies().Single(c => c.Name == "tidp").Value;
        Upstream.SignsIn("u-other", $"somebody.else@{domain}");

        Assert.Contains("The test passed", (await RunAsync(draft, by: signedIn)).Text, StringComparison.Ordinal);

        Assert.Equal(token, signedIn.Cookies.GetAllCookies().Single(c => c.Name == "tidp").Value);
        var after = await host.ReadAsync(db => db.Sessions.SingleAsync(s => s.Id == session.Id, Ct));
        Assert.Equal((session.TokenHash, 1, null), (after.TokenHash, after.Proofs.Count, after.EndedAt));
        Assert.Equal(1, await host.ReadAsync(db => db.Sessions.CountAsync(s => s.UserId == user.Id, Ct)));
    }

    [Fact]
    public async Task An_older_account_would_be_asked_for_its_password_and_is_not_touched()
    {
        var domain = host.UniqueHost();
        var user = await host.CreateUserAsync($"old@{domain}", Ct);
        var (_, _, draft) = await DraftAsync(domain);
        Upstream.SignsIn("u-old", $"old@{domain}");

        var page = await RunAsync(draft);

        Assert.Contains("asked once for the password", page.Text, StringComparison.Ordinal);
        Assert.Contains((await TracesAsync(draft)).Single().Steps, s => s is { Check: "prove_first", Verdict: TraceVerdict.Warned });
        Assert.False(await host.ReadAsync(db => db.UserIdentities.AnyAsync(i => i.UserId == user.Id, Ct)));
    }

    [Fact]
    public async Task Settings_that_changed_meanwhile_have_not_been_tested()
    {
        var (organization, domain, draft) = await DraftAsync();
        await using var scope = host.Services.CreateAsyncScope();
        var person = new ExternalIdentity(Upstream.Issuer, "u-late", EmailAddress.Parse($"jane@{domain}"), true, PersonName.None, []);

        var trace = await scope.ServiceProvider.GetRequiredService<SignInRehearsal>().RunAsync(organization.Id, draft.Id, draft.Version - 1, person, Actor.System, Ct);

        Assert.Equal((TraceOutcome.TestFailed, "version_mismatch"), (trace.Outcome, trace.Code));
        Assert.Null((await ReloadAsync(draft)).TestedAt);
    }

    [Fact]
    public async Task A_link_is_good_for_its_own_connection_only_and_only_as_it_was_made()
    {
        var (_, _, draft) = await DraftAsync();
        var (_, _, other) = await DraftAsync();
        var link = await LinkAsync(draft);
        string[] wrong = [link[..^1], link[..link.IndexOf('?')], link.Replace(draft.Id.ToString(), other.Id.ToString(), StringComparison.Ordinal), $"{host.Issuer}/sso/{draft.Id}/test/result"];

        foreach (var address in wrong) Assert.Equal(HttpStatusCode.NotFound, (await browser.GetAsync(address, Ct)).Status);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(link, Ct)).Status);
        await AssertProblem.IsAsync(await AskAsync(other.OrganizationId, draft), HttpStatusCode.NotFound, "connection_not_found", Ct);
    }

    [Fact]
    public async Task The_result_is_read_in_the_browser_that_tested()
    {
        var (_, domain, draft) = await DraftAsync();
        Upstream.SignsIn("u-result", $"jane@{domain}");
        var result = await RunAsync(draft);
        using var stranger = new WebBrowser();

        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(result.Address, Ct)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.GetAsync(result.Address, Ct)).Status);
    }

    private async Task<(Organization Organization, string Domain, Connection Draft)> DraftAsync(string? domain = null, JitMode jit = JitMode.On)
    {
        var organization = await host.CreateOrganizationAsync(Ct);
        var verified = await host.VerifyDomainAsync(organization, Ct, domain);
        var wanted = new NewOidcConnection("Upstream", Upstream.Issuer, TestUpstream.ClientId, TestUpstream.ClientSecret) { Jit = jit };
        return (organization, verified, await host.UseAsync<ConnectionService, Connection>(s => s.CreateOidcAsync(organization.Id, wanted, Granter.Instance, Ct), organization.Id));
    }

    private async Task<string> LinkAsync(Connection connection)
    {
        using var answer = await AskAsync(connection.OrganizationId, connection);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("url").GetString()!; // asserted by whoever opens it
    }

    private async Task<HttpResponseMessage> AskAsync(Id<Organization> organization, Connection connection)
    {
        var bootstrap = new RelyingParty(host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), host.Http);
        var token = (await bootstrap.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{host.Issuer}/api/v1/organizations/{organization}/connections/{connection.Id}/tests");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await host.Http.SendAsync(request, Ct);
    }

    private async Task<WebPage> RunAsync(Connection connection, Func<Uri, bool>? stopAt = null, WebBrowser? by = null)
    {
        var page = await (by ?? browser).GetAsync(await LinkAsync(connection), Ct);
        Assert.Contains("Test the sign-in of", page.Text, StringComparison.Ordinal);
        return await (by ?? browser).SubmitAsync(page, new Dictionary<string, string>(), Ct, stopAt: stopAt);
    }

    /// <summary>Counts over all organizations of what a sign-in makes: other tests run beside this one, so people and identities are those of this one.</summary>
    private Task<(int Members, int Identities, int Users, int Sessions)> RowsAsync(Organization organization) => host.ReadAsync(async db =>
    {
        db.EnterOrganization(organization.Id);
        var users = db.UserEmails.Where(e => db.Domains.Any(d => d.Host == e.Domain)).Select(e => e.UserId);
        return (await db.Memberships.CountAsync(Ct), await db.UserIdentities.CountAsync(i => i.OrganizationId == organization.Id, Ct), await users.CountAsync(Ct), await db.Sessions.CountAsync(s => users.Contains(s.UserId), Ct));
    });

    private Task<List<SignInTrace>> TracesAsync(Connection connection) =>
        host.ReadAsync(db => db.SignInTraces.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(t => t.ConnectionId == connection.Id).OrderBy(t => t.Id).ToListAsync(Ct));

    private Task<List<Event>> EventsAsync(Connection connection, string type)
    {
        var target = connection.Id.ToString();
        return host.ReadAsync(db => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(e => e.TargetId == target && e.Type == type).ToListAsync(Ct));
    }

    private Task<Connection> ReloadAsync(Connection connection) => host.ReadAsync(db => db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).SingleAsync(c => c.Id == connection.Id, Ct));

    private static CookieContainer CopyOf(CookieContainer cookies)
    {
        var copy = new CookieContainer();
        foreach (var cookie in cookies.GetAllCookies().Cast<Cookie>()) copy.Add(new Cookie(cookie.Name, cookie.Value, cookie.Path, cookie.Domain));
        return copy;
    }
}

[Collection(SqliteHost.Name)]
public sealed class ConnectionTestRunsOnSqlite(SqliteIdp host) : ConnectionTestRunTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class ConnectionTestRunsOnPostgreSql(PostgreSqlIdp host) : ConnectionTestRunTests(host);
