using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.SignIn;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Federation;

/// <summary>What a sign-in leaves for the administrator, and who reads it.</summary>
public abstract partial class SignInTraceTests(IdpHost host) : IAsyncLifetime
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static readonly JsonSerializerOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly WebBrowser browser = new();
    private TestUpstream? started;
    private RelyingParty? registered;

    private TestUpstream Upstream => started!; // started before the test
    private RelyingParty App => registered!; // as above

    public async ValueTask InitializeAsync() => (started, registered) = (await TestUpstream.StartAsync(Ct), await host.CreateAppAsync(Ct));

    public async ValueTask DisposeAsync()
    {
        browser.Dispose();
        await Upstream.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_sign_in_tells_every_decision_in_its_order()
    {
        var (acme, domain, connection) = await AcmeAsync();
        Upstream.SignsIn("u-first", $"jane@{domain}");
        await SignInAsync($"jane@{domain}");
        using var later = new WebBrowser();
        await SignInAsync($"jane@{domain}", later);

        var (first, second) = (await TracesAsync(connection)) is [var a, var b] ? (a, b) : throw new InvalidOperationException("Not two traces.");
        Assert.All([first, second], t => Assert.Equal((TraceOutcome.Succeeded, "ok", acme.Id), (t.Outcome, t.Code, t.OrganizationId)));
        Assert.Equal(["input", "realm", "response", "linking", "provisioning", "roles", "claims", "session"], first.Steps.Select(s => s.Stage).Distinct());
        AssertHas(first, "input", "email", $"j…@{domain}");
        AssertHas(first, "realm", "verified_domain", domain);
        AssertHas(first, "response", "issuer", Upstream.Issuer);
        AssertHas(first, "linking", "create_user", "nobody has this address");
        AssertHas(first, "provisioning", "membership_created", "default role member");
        AssertHas(first, "roles", "roles", "member (Jit)");
        AssertHas(first, "claims", "tokens", "org_id, org_name, roles");
        AssertHas(second, "linking", "known_identity", "");
        AssertHas(second, "provisioning", "membership_found", "Active");
        AssertHas(second, "roles", "roles", "member (Jit)");
    }

    [Fact]
    public async Task An_account_that_must_be_proven_first_leaves_two()
    {
        var domain = host.UniqueHost();
        await host.CreateUserAsync($"old@{domain}", Ct);
        var (_, _, connection) = await AcmeAsync(domain);
        Upstream.SignsIn("u-old", $"old@{domain}");
        var page = await browser.GetAsync(App.Authorize(("login_hint", $"old@{domain}")).Address, Ct, App.IsCallback);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["password"] = IdpHost.Password }, Ct, stopAt: App.IsCallback);
        Assert.True(App.IsCallback(page.Address), page.Text);

        var traces = await TracesAsync(connection);

        Assert.Equal([(TraceOutcome.Refused, "link_requires_proof"), (TraceOutcome.Succeeded, "ok")], traces.Select(t => (t.Outcome, t.Code)));
        AssertHas(traces[1], "linking", "proof_shown", "");
    }

    [Fact]
    public async Task Who_loses_a_race_leaves_the_steps_of_the_attempt_that_counted()
    {
        var (_, domain, connection) = await AcmeAsync();
        Upstream.SignsIn("u-race", $"jane@{domain}");

        await Parallel.ForAsync(0, 6, new ParallelOptions { MaxDegreeOfParallelism = 6, CancellationToken = Ct }, async (_, _) =>
        {
            using var one = new WebBrowser();
            await SignInAsync($"jane@{domain}", one);
        });

        var traces = await TracesAsync(connection);
        Assert.Equal(6, traces.Count);
        Assert.Single(traces, t => t.Steps.Any(s => s.Check == "create_user"));
        Assert.All(traces, t => Assert.Equal(t.Steps.Count, t.Steps.DistinctBy(s => (s.Stage, s.Check)).Count()));
    }

    [Fact]
    public async Task A_suspended_person_is_told_to_the_administrator_and_the_page_leads_there()
    {
        var (acme, domain, connection) = await AcmeAsync();
        Upstream.SignsIn("u-susp", $"jane@{domain}");
        await SignInAsync($"jane@{domain}");
        await host.ReadAsync(async db =>
        {
            var user = await db.Users.SingleAsync(u => db.UserIdentities.Any(i => i.UserId == u.Id && i.ConnectionId == connection.Id), Ct);
            user.Suspend(TimeProvider.System.GetUtcNow());
            return await db.SaveChangesAsync(Ct);
        });
        using var again = new WebBrowser();

        var page = await again.GetAsync(App.Authorize(("login_hint", $"jane@{domain}")).Address, Ct, App.IsCallback);

        Assert.Contains("For your administrator", page.Text, StringComparison.Ordinal);
        var trace = (await TracesAsync(connection))[^1];
        Assert.Equal((TraceOutcome.Refused, "user_suspended"), (trace.Outcome, trace.Code));
        Assert.Contains(trace.Summary, page.Text, StringComparison.Ordinal);
        Assert.Equal($"/traces/{trace.TraceId}", page.Document.QuerySelector(".advice a")!.GetAttribute("href")); // asserted to be there by its address
        var (admins, _) = await host.SignedInAsync(await MemberAsync(acme, BuiltInRoles.Admin), Ct);
        using var admin = admins;
        var shown = await admin.GetAsync($"{host.Issuer}/traces/{trace.TraceId}", Ct);
        Assert.Equal(HttpStatusCode.OK, shown.Status);
        Assert.Equal(trace.Steps.Count, shown.Document.QuerySelectorAll("ol.timeline > li").Length);
        Assert.Contains(trace.Summary, shown.Document.QuerySelector("li.failed .fix")!.TextContent, StringComparison.Ordinal); // as above
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task The_page_is_for_those_who_may_read_connections_there_and_is_not_there_for_anybody_else()
    {
        var (acme, domain, connection) = await AcmeAsync();
        Upstream.SignsIn("u-page", "jane@elsewhere.example");
        await browser.GetAsync(App.Authorize(("login_hint", $"jane@{domain}")).Address, Ct, App.IsCallback);
        var address = $"{host.Issuer}/traces/{Assert.Single(await TracesAsync(connection)).TraceId}";
        var operators = await host.CreateUserAsync($"op@{host.UniqueHost()}", Ct);
        await host.ReadAsync(async db =>
        {
            (await db.Users.SingleAsync(u => u.Id == operators.Id, Ct)).MakeOperator(TimeProvider.System.GetUtcNow());
            return await db.SaveChangesAsync(Ct);
        });

        foreach (var reader in new[] { await MemberAsync(acme, BuiltInRoles.Admin), await MemberAsync(acme, BuiltInRoles.Owner), operators })
        {
            var (signedIn, _) = await host.SignedInAsync(reader, Ct);
            using (signedIn) Assert.Equal(HttpStatusCode.OK, (await signedIn.GetAsync(address, Ct)).Status);
        }

        using var nobody = new WebBrowser();
        var expected = await nobody.GetAsync($"{host.Issuer}/traces/{new string('0', 32)}", Ct);
        await AssertAbsentAsync(nobody, address, expected);
        foreach (var stranger in new[] { await MemberAsync(acme, BuiltInRoles.Member), await MemberAsync(await host.CreateOrganizationAsync(Ct), BuiltInRoles.Owner) })
        {
            var (signedIn, _) = await host.SignedInAsync(stranger, Ct);
            using (signedIn) await AssertAbsentAsync(signedIn, address, expected);
        }
    }

    /// <summary>The one answer, but for the id of the request itself.</summary>
    private static async Task AssertAbsentAsync(WebBrowser browser, string address, WebPage expected)
    {
        var page = await browser.GetAsync(address, Ct);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (page.Status, expected.Status));
        Assert.Equal(RequestId().Replace(expected.Text, ""), RequestId().Replace(page.Text, ""));
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task The_api_lists_newest_first_filters_and_keeps_organizations_apart()
    {
        var (acme, domain, connection) = await AcmeAsync();
        var (other, otherDomain, _) = await AcmeAsync();
        Upstream.SignsIn("u-api", $"jane@{domain}");
        await SignInAsync($"jane@{domain}");
        using var refused = new WebBrowser();
        Upstream.SignsIn("u-bad", "jane@elsewhere.example");
        await refused.GetAsync(App.Authorize(("login_hint", $"x@{domain}")).Address, Ct, App.IsCallback);
        using var elsewhere = new WebBrowser();
        await elsewhere.GetAsync(App.Authorize(("login_hint", $"x@{otherDomain}")).Address, Ct, App.IsCallback);
        var traces = await TracesAsync(connection);
        var path = $"organizations/{acme.Id}/sign-in-traces";

        Assert.Equal(["refused", "succeeded"], await ListAsync(path, "outcome"));
        Assert.Equal(["refused"], await ListAsync($"{path}?outcome=refused", "outcome"));
        Assert.Equal(["succeeded"], await ListAsync($"{path}?traceId={traces[0].TraceId}&connectionId={connection.Id}", "outcome"));
        var first = await ReadAsync($"{path}?limit=1");
        Assert.Equal(["succeeded"], await ListAsync($"{path}?limit=1&after={first.GetProperty("next").GetString()}", "outcome"));
        Assert.Equal("email_domain_not_allowed", (await ReadAsync($"{path}/{traces[1].Id}")).GetProperty("code").GetString());
        await AssertProblem.IsAsync(await SendAsync($"{path}?outcome=maybe"), HttpStatusCode.BadRequest, "outcome_invalid", Ct);
        await AssertProblem.IsAsync(await SendAsync($"organizations/{other.Id}/sign-in-traces/{traces[0].Id}"), HttpStatusCode.NotFound, "sign_in_trace_not_found", Ct);
        Assert.Empty(await ListAsync($"organizations/{other.Id}/sign-in-traces?connectionId={connection.Id}", "outcome"));
        Assert.Single(await ListAsync($"organizations/{other.Id}/sign-in-traces", "outcome"));
    }

    [Fact]
    public async Task No_trace_holds_an_address_a_subject_a_token_or_a_secret()
    {
        var (_, domain, connection) = await AcmeAsync();
        var address = $"jane.the.redacted@{domain}";
        Upstream.SignsIn("subject-to-redact", address, name: "Jane Redacted");
        var page = await browser.GetAsync(App.Authorize().Address, Ct, App.IsCallback);
        await browser.SubmitAsync(page, new Dictionary<string, string> { ["email"] = address }, Ct, stopAt: App.IsCallback);
        using var second = new WebBrowser();
        Upstream.SignsIn("subject-to-redact-2", address, emailVerified: false);
        await second.GetAsync(App.Authorize(("login_hint", address)).Address, Ct, App.IsCallback);
        var codes = browser.Trail.Concat(second.Trail).Where(u => u.AbsolutePath.EndsWith("/callback", StringComparison.Ordinal)).Select(u => Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(u.Query)["code"].ToString());

        var traces = await TracesAsync(connection);

        Assert.Equal(2, traces.Count);
        var stored = JsonSerializer.Serialize(traces.Select(t => new { t.Summary, t.Code, t.Steps }), Readable);
        Assert.Contains($"j…@{domain}", stored, StringComparison.Ordinal); // the serializer does not hide what is looked for
        foreach (var secret in codes.Append("jane.the.redacted").Append("subject-to-redact").Append("Redacted").Append(TestUpstream.ClientSecret).Append("eyJ").Append("upstream-access-token"))
            Assert.DoesNotContain(secret, stored, StringComparison.OrdinalIgnoreCase);
    }

    private static void AssertHas(SignInTrace trace, string stage, string check, string seen) =>
        Assert.Contains(seen, Assert.Single(trace.Steps, s => s.Stage == stage && s.Check == check).Seen ?? "", StringComparison.Ordinal);

    private async Task<(Organization Organization, string Domain, Connection Connection)> AcmeAsync(string? domain = null)
    {
        var acme = await host.CreateOrganizationAsync(Ct);
        return (acme, await host.VerifyDomainAsync(acme, Ct, domain), await host.ConnectAsync(acme, Upstream, Ct));
    }

    private async Task<Core.Users.User> MemberAsync(Organization organization, string role)
    {
        var user = await host.CreateUserAsync($"m@{host.UniqueHost()}", Ct);
        await host.AddMemberAsync(organization, user, Ct, role);
        return user;
    }

    private async Task SignInAsync(string email, WebBrowser? by = null)
    {
        var page = await (by ?? browser).GetAsync(App.Authorize(("login_hint", email)).Address, Ct, App.IsCallback);
        Assert.True(App.IsCallback(page.Address), page.Text);
    }

    private Task<List<SignInTrace>> TracesAsync(Connection connection) =>
        host.ReadAsync(db => db.SignInTraces.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(t => t.ConnectionId == connection.Id).OrderBy(t => t.Id).ToListAsync(Ct));

    private async Task<HttpResponseMessage> SendAsync(string path)
    {
        var bootstrap = new RelyingParty(host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), host.Http);
        var token = (await bootstrap.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{host.Issuer}/api/v1/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await host.Http.SendAsync(request, Ct);
    }

    private async Task<JsonElement> ReadAsync(string path)
    {
        using var answer = await SendAsync(path);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ct));
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Ct);
    }

    private async Task<string[]> ListAsync(string path, string member) =>
        [.. (await ReadAsync(path)).GetProperty("data").EnumerateArray().Select(t => t.GetProperty(member).GetString()!)]; // the API always has it

    [GeneratedRegex("[0-9a-f]{32}")]
    private static partial Regex RequestId();
}

[Collection(SqliteHost.Name)]
public sealed class SignInTracesOnSqlite(SqliteIdp host) : SignInTraceTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class SignInTracesOnPostgreSql(PostgreSqlIdp host) : SignInTraceTests(host);
