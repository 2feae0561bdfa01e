using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.SignIn;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Federation;

/// <summary>Answers that are genuine in themselves, at the wrong place, in the wrong Browser, twice, or about the wrong person.</summary>
public abstract class SamlAttackTests(IdpHost host) : SamlVisits(host)
{
    private readonly TestSamlIdp rival = new($"https://rival-{Guid.CreateVersion7():N}.example");

    public override async ValueTask DisposeAsync()
    {
        rival.Dispose();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    [Trait("Attack", "A2")]
    public async Task An_identity_provider_speaks_for_nobody_outside_its_organization()
    {
        var (_, victimDomain, _) = await AcmeAsync(Idp);
        await Host.CreateUserAsync($"ceo@{victimDomain}", Ct);
        var (_, domain, connection) = await AcmeAsync(rival);
        var (_, request) = await LeaveAsync(domain, rival);

        var page = await ReturnAsync(rival, rival.Answer(request, "p-evil", $"ceo@{victimDomain}"));

        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        Assert.Contains("email_domain_not_allowed", page.Text, StringComparison.Ordinal);
        await AssertNobodyAsync(connection);
    }

    [Fact]
    [Trait("Attack", "A3")]
    public async Task An_answer_of_another_connection_is_worth_nothing()
    {
        var (_, domain, victim) = await AcmeAsync(Idp);
        var (_, _, own) = await AcmeAsync(rival);
        var (_, request) = await LeaveAsync(domain, Idp);

        // The victim's request answered by the attacker's identity provider: at the victim's address, and at the attacker's.
        var there = await ReturnAsync(rival, rival.Answer(request, "p-mix", $"jane@{domain}"));
        var answer = rival.Answer(request, "p-mix", $"jane@{domain}");
        answer.Destination = answer.Recipient = $"{Host.Issuer}/sso/saml/{own.Id}/acs";
        answer.Audience = $"{Host.Issuer}/sso/saml/{own.Id}/metadata";
        var here = await ReturnAsync(rival, answer);

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (there.Status, here.Status));
        Assert.Contains("state_mismatch", here.Text, StringComparison.Ordinal);
        Assert.Contains("state_mismatch", Assert.Single(await RefusalsAsync(own)), StringComparison.Ordinal);
        Assert.Contains("upstream_failed", Assert.Single(await RefusalsAsync(victim)), StringComparison.Ordinal);
        await AssertNobodyAsync(victim);
        await AssertNobodyAsync(own);
    }

    [Fact]
    [Trait("Attack", "A3")]
    public async Task An_answer_is_worth_nothing_in_another_browser_or_to_no_request()
    {
        var (_, domain, connection) = await AcmeAsync(Idp);
        var (_, request) = await LeaveAsync(domain, Idp);
        using var victim = new WebBrowser();

        var elsewhere = await ReturnAsync(Idp, Idp.Answer(request, "p-csrf", $"jane@{domain}"), victim);
        var unknown = Idp.Answer(request, "p-csrf", $"jane@{domain}");
        unknown.InResponseTo = "_0123456789abcdef0123456789abcdef";
        var toNobody = await ReturnAsync(Idp, unknown);

        Assert.All(new[] { elsewhere, toNobody }, page => Assert.Contains("state_mismatch", page.Text, StringComparison.Ordinal));
        Assert.All(await RefusalsAsync(connection), e => Assert.Contains("state_mismatch", e, StringComparison.Ordinal));
        Assert.Equal(2, (await RefusalsAsync(connection)).Count);
        Assert.DoesNotContain(victim.Cookies.GetAllCookies(), c => c.Name == "tidp");
        await AssertNobodyAsync(connection);
    }

    [Fact]
    [Trait("Attack", "A4")]
    public async Task An_entity_id_copied_from_another_organization_makes_another_identity()
    {
        var (_, domain, victim) = await AcmeAsync(Idp);
        var (pending, request) = await LeaveAsync(domain, Idp);
        var jane = await SubjectAsync(await ReturnAsync(Idp, Idp.Answer(request, "p-same", $"jane@{domain}")), pending);
        using var copy = new TestSamlIdp(Idp.EntityId);
        var (_, otherDomain, _) = await AcmeAsync(copy);
        using var attacker = new WebBrowser();
        var (second, asked) = await LeaveAsync(otherDomain, copy, attacker);

        var mallory = await SubjectAsync(await ReturnAsync(copy, copy.Answer(asked, "p-same", $"mallory@{otherDomain}"), attacker), second);

        Assert.NotEqual(jane, mallory);
        Assert.Equal(1, await Host.ReadAsync(db => db.UserIdentities.CountAsync(i => i.ConnectionId == victim.Id, Ct)));
    }

    [Theory]
    [InlineData("nameid", TestSamlIdp.Transient, false)]
    [InlineData("nameid", TestSamlIdp.EmailFormat, false)]
    [InlineData("nameid", "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName", false)]
    [InlineData("nameid", null, false)]
    [InlineData("nameid", TestSamlIdp.Persistent, true)]
    [InlineData("nameid_email", null, true)]
    [InlineData("nameid_email", TestSamlIdp.EmailFormat, true)]
    [InlineData("nameid_email", TestSamlIdp.Transient, false)]
    [InlineData("objectId", TestSamlIdp.Transient, true)]
    [InlineData("missing", TestSamlIdp.Persistent, false)]
    [InlineData("several", TestSamlIdp.Persistent, false)]
    [Trait("Attack", "A16")]
    public async Task The_subject_is_what_never_changes(string subject, string? format, bool accepted)
    {
        var (_, domain, connection) = await AcmeAsync(Idp, s => s with { Subject = subject });
        var (pending, request) = await LeaveAsync(domain, Idp);
        var answer = Idp.Answer(request, $"jane@{domain}", $"jane@{domain}");
        answer.NameIdFormat = format;
        (answer.Attributes["objectId"], answer.Attributes["several"]) = ([" Object-1"], ["a", "b"]);

        var page = await ReturnAsync(Idp, answer);

        if (accepted)
        {
            await SubjectAsync(page, pending);
            Assert.Equal(subject == "objectId" ? " Object-1" : $"jane@{domain}", await Host.ReadAsync(db => db.UserIdentities.Where(i => i.ConnectionId == connection.Id).Select(i => i.Subject).SingleAsync(Ct)));
            return;
        }

        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        Assert.Equal("subject", (await TracesAsync(connection)).Single().Code);
        await AssertNobodyAsync(connection);
    }

    [Fact]
    [Trait("Attack", "A14")]
    public async Task An_answer_that_nobody_asked_for_begins_a_sign_in_at_its_app_and_is_none()
    {
        var starting = await Host.CreateAppAsync(Ct, wanted => wanted with { InitiateLoginUri = "https://tile.example/start?from=tile" });
        var (acme, domain, connection) = await AcmeAsync(Idp, s => s with { IdpInitiatedApp = starting.App.ClientId });
        var (_, request) = await LeaveAsync(domain, Idp);
        var answer = Idp.Answer(request, "p-tile", $"jane@{domain}");
        (answer.InResponseTo, answer.RelayState) = (null, "https://evil.example/");
        var encoded = Idp.Sign(answer);

        using var first = await PostAsync(connection, encoded);
        using var again = await PostAsync(connection, encoded);

        Assert.Equal(HttpStatusCode.SeeOther, first.StatusCode);
        var there = first.Headers.Location!; // asserted to be a redirect
        Assert.Equal("https://tile.example/start", there.GetLeftPart(UriPartial.Path));
        var query = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(there.Query);
        Assert.Equal((Host.Issuer, acme.Id.ToString(), $"jane@{domain}", "tile"), (query["iss"].ToString(), query["organization"].ToString(), query["login_hint"].ToString(), query["from"].ToString()));
        Assert.False(first.Headers.Contains("Set-Cookie"));
        Assert.Equal(HttpStatusCode.BadRequest, again.StatusCode);
        await AssertNobodyAsync(connection);
    }

    [Fact]
    [Trait("Attack", "A17")]
    public async Task Nobody_is_given_an_address_and_a_list_is_none()
    {
        var (_, domain, connection) = await AcmeAsync(Idp);
        foreach (var addresses in new string[][] { [], [$"a@{domain}", $"b@{domain}"] })
        {
            var (_, request) = await LeaveAsync(domain, Idp);
            var answer = Idp.Answer(request, "p-none", null);
            if (addresses.Length > 0) answer.Attributes["email"] = addresses;
            Assert.Contains("email_domain_not_allowed", (await ReturnAsync(Idp, answer)).Text, StringComparison.Ordinal);
        }

        await AssertNobodyAsync(connection);
    }

    [Fact]
    public async Task Of_the_same_answer_at_once_one_is_taken()
    {
        var (_, domain, connection) = await AcmeAsync(Idp);
        var (pending, request) = await LeaveAsync(domain, Idp);
        var encoded = Idp.Sign(Idp.Answer(request, "p-twice", $"jane@{domain}"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PostAsync(connection, encoded)));

        var taken = Assert.Single(answers, a => a.StatusCode == HttpStatusCode.SeeOther);
        Assert.All(answers.Where(a => a != taken), a => Assert.Equal(HttpStatusCode.BadRequest, a.StatusCode));
        Assert.All(await TracesAsync(connection), t => Assert.Equal("assertion_replayed", t.Code));
        await SubjectAsync(await Browser.GetAsync(new Uri(new Uri(Host.Issuer), taken.Headers.Location!), Ct, App.IsCallback), pending); // a redirect has a location
        using var later = await PostAsync(connection, encoded);
        Assert.Equal(HttpStatusCode.BadRequest, later.StatusCode);
    }

    [Fact]
    public async Task A_handle_is_good_once_and_only_at_its_own_connection()
    {
        var (_, domain, connection) = await AcmeAsync(Idp);
        var (_, _, other) = await AcmeAsync(rival);
        var (pending, request) = await LeaveAsync(domain, Idp);
        using var posted = await PostAsync(connection, Idp.Sign(Idp.Answer(request, "p-handle", $"jane@{domain}")));
        var there = new Uri(new Uri(Host.Issuer), posted.Headers.Location!); // a redirect has a location
        using var copy = new WebBrowser(CopyOf(Browser.Cookies));

        Assert.Contains("state_mismatch", (await Browser.GetAsync($"{Host.Issuer}/sso/saml/{other.Id}/finish{there.Query}", Ct)).Text, StringComparison.Ordinal);
        Assert.Contains("state_mismatch", (await Browser.GetAsync($"{Host.Issuer}/sso/saml/{connection.Id}/finish?h=x", Ct)).Text, StringComparison.Ordinal);
        var pages = await Task.WhenAll(Browser.GetAsync(there, Ct, App.IsCallback), copy.GetAsync(there, Ct, App.IsCallback));

        var finished = Assert.Single(pages, p => App.IsCallback(p.Address));
        Assert.Contains("state_mismatch", pages.Single(p => p != finished).Text, StringComparison.Ordinal);
        await SubjectAsync(finished, pending);
    }

    [Fact]
    [Trait("Attack", "A9")]
    public async Task A_draft_takes_answers_of_a_test_and_signs_nobody_in()
    {
        var acme = await Host.CreateOrganizationAsync(Ct);
        var domain = await Host.VerifyDomainAsync(acme, Ct);
        var draft = await Host.DraftSamlAsync(acme, Idp, Ct);
        var link = await TestLinkAsync(draft);

        var (good, bad) = (await TestAsync(link, domain, TestSamlIdp.Persistent), await TestAsync(link, domain, TestSamlIdp.Transient));

        Assert.Contains("The test passed", good.Text, StringComparison.Ordinal);
        Assert.Contains("The test failed", bad.Text, StringComparison.Ordinal);
        Assert.Equal([TraceOutcome.TestPassed, TraceOutcome.TestFailed], (await TracesAsync(draft)).Select(t => t.Outcome));
        Assert.Empty(await RefusalsAsync(draft));
        await AssertNobodyAsync(draft);
    }

    private async Task<WebPage> TestAsync(string link, string domain, string format)
    {
        var page = await Browser.SubmitAsync(await Browser.GetAsync(link, Ct), new Dictionary<string, string>(), Ct, stopAt: Idp.IsHere);
        var answer = Idp.Answer(TestSamlIdp.Read(page.Address), "p-test", $"jane@{domain}");
        answer.NameIdFormat = format;
        return await ReturnAsync(Idp, answer);
    }

    /// <summary>As the management API hands it out.</summary>
    private async Task<string> TestLinkAsync(Connection connection)
    {
        var bootstrap = new RelyingParty(Host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), Host.Http);
        var token = (await bootstrap.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Host.Issuer}/api/v1/organizations/{connection.OrganizationId}/connections/{connection.Id}/tests");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await Host.Http.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("url").GetString()!; // the API always has it
    }

    private async Task<(Organization Organization, string Domain, Connection Connection)> AcmeAsync(TestSamlIdp provider, Func<SamlConnectionChanges, SamlConnectionChanges>? change = null)
    {
        var acme = await Host.CreateOrganizationAsync(Ct);
        return (acme, await Host.VerifyDomainAsync(acme, Ct), await Host.ConnectSamlAsync(acme, provider, Ct, change));
    }

    private async Task<HttpResponseMessage> PostAsync(Connection connection, string encoded)
    {
        using var content = new FormUrlEncodedContent([new("SAMLResponse", encoded)]);
        return await Host.Http.PostAsync($"{Host.Issuer}/sso/saml/{connection.Id}/acs", content, Ct);
    }

    private async Task<string?> SubjectAsync(WebPage page, RelyingParty.Pending pending) => (string?)(await RedeemAsync(page, pending)).Access["sub"];

    private static CookieContainer CopyOf(CookieContainer cookies)
    {
        var copy = new CookieContainer();
        foreach (var cookie in cookies.GetAllCookies().Cast<Cookie>()) copy.Add(new Cookie(cookie.Name, cookie.Value, cookie.Path, cookie.Domain));
        return copy;
    }
}

[Collection(SqliteHost.Name)]
public sealed class SamlAttacksOnSqlite(SqliteIdp host) : SamlAttackTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class SamlAttacksOnPostgreSql(PostgreSqlIdp host) : SamlAttackTests(host);
