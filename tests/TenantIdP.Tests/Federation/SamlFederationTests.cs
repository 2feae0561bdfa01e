using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.SignIn;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Federation;

public abstract class SamlFederationTests(IdpHost host) : IAsyncLifetime
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private readonly WebBrowser browser = new();
    private readonly TestSamlIdp idp = new();
    private RelyingParty? registered;

    private RelyingParty App => registered!; // registered before the test

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public async ValueTask InitializeAsync() => registered = await host.CreateAppAsync(Ct);

    public ValueTask DisposeAsync()
    {
        browser.Dispose();
        idp.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_person_whose_domain_has_a_saml_connection_signs_in_there_and_becomes_a_member()
    {
        var (acme, domain, connection) = await AcmeAsync();
        var (pending, answer) = await LeaveAsync(domain);

        var page = await idp.PostAsync(browser, answer.Acs, Respond(answer, domain), Ct, App.IsCallback);

        var tokens = await App.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        Assert.Equal((acme.Id.ToString(), connection.Id.ToString()), ((string?)tokens.Access["org_id"], (string?)tokens.Access["connection_id"]));
        Assert.Equal(($"jane@{domain}", "Jane Doe"), ((string?)tokens.Id["email"], (string?)tokens.Id["name"]));
        var trace = Assert.Single(await TracesAsync(connection));
        Assert.Equal((TraceOutcome.Succeeded, "ok"), (trace.Outcome, trace.Code));
        Assert.Equal(["realm", "request", "response", "linking", "provisioning"], trace.Steps.Select(s => s.Stage).Distinct().Where(s => s is not ("input" or "roles" or "claims" or "session")));
        Assert.DoesNotContain($"jane@{domain}", JsonSerializer.Serialize(trace.Steps), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_request_says_who_asks_and_no_more_than_was_chosen()
    {
        var (_, domain, connection) = await AcmeAsync();

        var (request, answer) = TestSamlIdp.Read(await AwayAsync(domain, ("prompt", "login")));

        Assert.Equal($"{host.Issuer}/sso/saml/{connection.Id}/acs", answer.Acs);
        Assert.Equal($"{host.Issuer}/sso/saml/{connection.Id}/metadata", answer.Audience);
        Assert.Equal("true", request.GetAttribute("ForceAuthn"));
        Assert.Empty(request.GetElementsByTagName("RequestedAuthnContext", "*"));
        Assert.Empty(request.GetElementsByTagName("Subject", "*"));
    }

    [Fact]
    public async Task Its_metadata_is_there_for_a_draft_and_not_for_another_kind()
    {
        var acme = await host.CreateOrganizationAsync(Ct);
        var draft = await CreateAsync(acme);

        using var metadata = await host.Http.GetAsync(new Uri($"{host.Issuer}/sso/saml/{draft.Id}/metadata"), Ct);
        using var unknown = await host.Http.GetAsync(new Uri($"{host.Issuer}/sso/saml/{Id<Connection>.New(Now)}/metadata"), Ct);

        Assert.Equal("application/samlmetadata+xml", metadata.Content.Headers.ContentType?.MediaType);
        Assert.Contains($"{host.Issuer}/sso/saml/{draft.Id}/acs", await metadata.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "signed by a stranger", "signature_value" }, { "too old", "not_on_or_after" }, { "another audience", "audience" }, { "another issuer", "issuer_response" }, { "another address", "destination" },
        { "unsolicited", "in_response_to_missing" },
    };

    [Theory, MemberData(nameof(Wrong))]
    [Trait("Attack", "I")]
    [Trait("Attack", "A14")]
    public async Task A_response_that_is_wrong_ends_on_a_page_with_a_trace_and_no_session(string what, string check)
    {
        var (_, domain, connection) = await AcmeAsync();
        var (_, good) = await LeaveAsync(domain);
        var bad = what switch
        {
            "signed by a stranger" => good with { ByStranger = true },
            "too old" => good with { Age = TimeSpan.FromMinutes(10) },
            "another audience" => good with { Audience = "https://other.example" },
            "another issuer" => good with { Issuer = "https://other.example" },
            "another address" => good with { Acs = good.Acs + "x" },
            _ => good with { InResponseTo = null },
        };

        var (status, _, text) = await idp.PostOnlyAsync(browser, good.Acs, Respond(bad, domain), Ct);

        var trace = Assert.Single(await TracesAsync(connection));
        Assert.Equal((HttpStatusCode.BadRequest, check, TraceOutcome.Refused), (status, trace.Code, trace.Outcome));
        Assert.Contains(trace.TraceId, text, StringComparison.Ordinal);
        Assert.Equal(check, trace.Steps.Single(s => s.Verdict == TraceVerdict.Failed).Check);
        await AssertNobodyAsync(domain);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("")]
    [InlineData("PGE+PC9hPg==")]
    public async Task What_is_no_response_is_a_page_of_400(string response)
    {
        var (_, domain, _) = await AcmeAsync();
        var (_, answer) = await LeaveAsync(domain);

        Assert.Equal(HttpStatusCode.BadRequest, (await idp.PostOnlyAsync(browser, answer.Acs, response, Ct)).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await idp.PostOnlyAsync(browser, answer.Acs, new string('a', 3_000_000), Ct)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await idp.PostOnlyAsync(browser, answer.Acs, new string('A', 1_400_000), Ct)).Status);
    }

    [Fact]
    [Trait("Attack", "A3")]
    public async Task Another_browser_can_not_be_signed_in_with_somebodys_response()
    {
        var (_, domain, connection) = await AcmeAsync();
        var (_, answer) = await LeaveAsync(domain);
        using var victim = new WebBrowser();

        var page = await idp.PostAsync(victim, answer.Acs, Respond(answer, domain), Ct);

        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        Assert.DoesNotContain(victim.Cookies.GetAllCookies(), c => c.Name == "tidp");
        Assert.Equal("state", Assert.Single(await TracesAsync(connection)).Code);
        await AssertNobodyAsync(domain);
    }

    [Fact]
    [Trait("Attack", "A2")]
    [Trait("Attack", "A3")]
    public async Task An_answer_to_one_connection_is_none_to_another()
    {
        var (_, domain, _) = await AcmeAsync();
        var (_, _, theirs) = await AcmeAsync(); // the same identity provider, another organization
        var (_, answer) = await LeaveAsync(domain);
        var foreignAcs = $"{host.Issuer}/sso/saml/{theirs.Id}/acs";

        // As it is: addressed elsewhere. Addressed anew by the provider that both trust: no request of this browser at that connection.
        var (status, _, _) = await idp.PostOnlyAsync(browser, foreignAcs, Respond(answer, domain), Ct);
        var page = await idp.PostAsync(browser, foreignAcs, Respond(answer with { Acs = foreignAcs, Audience = foreignAcs.Replace("/acs", "/metadata", StringComparison.Ordinal) }, domain), Ct);

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (status, page.Status));
        await AssertNobodyAsync(domain);
    }

    [Fact]
    [Trait("Attack", "A4")]
    public async Task The_same_issuer_and_subject_at_two_connections_are_two_people()
    {
        var (_, domain, _) = await AcmeAsync();
        var (_, otherDomain, _) = await AcmeAsync();

        var subjects = new List<string?>();
        foreach (var own in new[] { domain, otherDomain })
        {
            using var each = new WebBrowser();
            var (pending, answer) = await LeaveAsync(own, each);
            var page = await idp.PostAsync(each, answer.Acs, Respond(answer, own), Ct, App.IsCallback);
            subjects.Add((string?)(await App.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct)).Id["sub"]);
        }

        Assert.Equal(2, subjects.Distinct().Count());
    }

    [Fact]
    [Trait("Attack", "A1")]
    public async Task An_address_of_another_domain_is_refused()
    {
        var (_, domain, _) = await AcmeAsync();
        var (_, victims, _) = await AcmeAsync();
        var (_, answer) = await LeaveAsync(domain);

        var page = await idp.PostAsync(browser, answer.Acs, idp.Respond(answer with { Email = $"ceo@{victims}" }, Now), Ct);

        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        Assert.Contains("email_domain_not_allowed", page.Text, StringComparison.Ordinal);
        await AssertNobodyAsync(victims, "ceo");
    }

    [Fact]
    [Trait("Attack", "I")]
    public async Task A_response_is_accepted_once_also_when_it_comes_twice_at_once()
    {
        var (_, domain, _) = await AcmeAsync();
        var (_, answer) = await LeaveAsync(domain);
        var response = Respond(answer, domain);

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => idp.PostOnlyAsync(browser, answer.Acs, response, Ct)));

        Assert.Single(answers, a => a.Status == HttpStatusCode.SeeOther);
        Assert.Equal(5, answers.Count(a => a.Status == HttpStatusCode.BadRequest));
        var winner = new Uri(new Uri(host.Issuer), answers.Single(a => a.Location is not null).Location!); // the one above
        Assert.True(App.IsCallback((await browser.GetAsync(winner, Ct, App.IsCallback)).Address));
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.GetAsync(winner, Ct, App.IsCallback)).Status);
    }

    [Fact]
    [Trait("Attack", "A9")]
    public async Task A_connection_that_was_switched_off_meanwhile_lets_nobody_in()
    {
        var (acme, domain, connection) = await AcmeAsync();
        var (_, answer) = await LeaveAsync(domain);
        await host.UseAsync<ConnectionService, Connection>(s => s.DisableAsync(acme.Id, connection.Id, Ct), acme.Id);

        var page = await idp.PostAsync(browser, answer.Acs, Respond(answer, domain), Ct);

        Assert.Equal(HttpStatusCode.NotFound, page.Status);
        await AssertNobodyAsync(domain);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example")]
    [InlineData("javascript:alert(1)")]
    [Trait("Attack", "F1")]
    public async Task RelayState_leads_nowhere(string relayState)
    {
        var (_, domain, _) = await AcmeAsync();
        var (_, answer) = await LeaveAsync(domain);

        var page = await idp.PostAsync(browser, answer.Acs, Respond(answer, domain), Ct, App.IsCallback, relayState);

        Assert.True(App.IsCallback(page.Address));
        Assert.DoesNotContain(browser.Trail, u => u.Host == "evil.example");
    }

    [Theory]
    [InlineData("urn:oasis:names:tc:SAML:2.0:nameid-format:transient", "_x", SamlSettings.SubjectIsNameId, false)]
    [InlineData("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "jane@x.example", SamlSettings.SubjectIsNameId, false)]
    [InlineData(null, "jane@x.example", SamlSettings.SubjectIsNameId, false)]
    [InlineData("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "jane@x.example", SamlSettings.SubjectIsEmailNameId, true)]
    [InlineData(null, "42", SamlSettings.SubjectIsNameId, true)]
    [InlineData("urn:oasis:names:tc:SAML:2.0:nameid-format:transient", "_x", "displayName", true)]
    [InlineData("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", "1", "noSuchAttribute", false)]
    [Trait("Attack", "A16")]
    public async Task Only_what_never_changes_for_a_person_is_a_subject(string? format, string nameId, string subject, bool accepted)
    {
        var (_, domain, _) = await AcmeAsync(change => change with { Subject = subject });
        var (_, answer) = await LeaveAsync(domain);

        var page = await idp.PostAsync(browser, answer.Acs, Respond(answer with { Format = format, NameId = nameId }, domain), Ct, App.IsCallback);

        Assert.Equal(accepted, App.IsCallback(page.Address));
    }

    [Fact]
    [Trait("Attack", "A17")]
    public async Task A_person_without_an_address_gets_none_invented()
    {
        var (_, domain, connection) = await AcmeAsync();
        var (_, answer) = await LeaveAsync(domain);

        var page = await idp.PostAsync(browser, answer.Acs, idp.Respond(answer, Now), Ct);

        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        Assert.Equal(0, await host.ReadAsync(db => db.UserIdentities.CountAsync(i => i.ConnectionId == connection.Id, Ct)));
    }

    [Fact]
    public async Task A_fresh_sign_in_that_was_asked_for_must_be_fresh()
    {
        var (_, domain, connection) = await AcmeAsync();
        var (_, answer) = TestSamlIdp.Read(await AwayAsync(domain, ("prompt", "login")));

        var page = await idp.PostAsync(browser, answer.Acs, Respond(answer with { SignedInAgo = TimeSpan.FromMinutes(4) }, domain), Ct);

        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        Assert.Equal("authn_instant", Assert.Single(await TracesAsync(connection)).Code);
    }

    [Fact]
    public async Task Groups_become_roles_and_leave_with_them()
    {
        var mapping = new SsoRoles("groups", [new("Admins", "admin")]);
        var (_, domain, _) = await AcmeAsync(roles: mapping);

        Assert.Equal(["admin", "member"], await RolesAsync(domain, ["Admins", "Others"]));
        Assert.Equal(["admin", "member"], await RolesAsync(domain, null));
        Assert.Equal(["member"], await RolesAsync(domain, []));
    }

    [Fact]
    public async Task A_test_run_says_what_would_happen_and_signs_nobody_in()
    {
        var acme = await host.CreateOrganizationAsync(Ct);
        var domain = await host.VerifyDomainAsync(acme, Ct);
        var draft = await CreateAsync(acme);
        var link = await ManagementLinkAsync(acme, draft);

        var page = await browser.GetAsync(link, Ct);
        page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, stopAt: idp.IsSso);
        var (_, answer) = TestSamlIdp.Read(page.Address);
        page = await idp.PostAsync(browser, answer.Acs, Respond(answer, domain), Ct);

        Assert.Equal(HttpStatusCode.OK, page.Status);
        await AssertNobodyAsync(domain);
        Assert.NotNull(await host.ReadAsync(db => db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(c => c.Id == draft.Id).Select(c => c.TestedAt).SingleAsync(Ct)));
        Assert.Equal(TraceOutcome.TestPassed, Assert.Single(await TracesAsync(draft)).Outcome);
    }

    private async Task<string> ManagementLinkAsync(Organization organization, Connection connection)
    {
        var operators = new RelyingParty(host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, "https://unused.example"), host.Http);
        var token = await operators.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{host.Issuer}/api/v1/organizations/{organization.Id}/connections/{connection.Id}/tests");
        request.Headers.Authorization = new("Bearer", token.AccessToken);
        using var response = await host.Http.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync(Ct)).RootElement.GetProperty("url").GetString()!; // by the contract
    }

    private async Task<string[]> RolesAsync(string domain, IReadOnlyList<string>? groups)
    {
        using var each = new WebBrowser();
        var (pending, answer) = await LeaveAsync(domain, each);
        var page = await idp.PostAsync(each, answer.Acs, Respond(answer with { Groups = groups }, domain), Ct, App.IsCallback);
        var tokens = await App.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        return [.. tokens.Access["roles"]!.AsArray().Select(r => (string)r!).Order(StringComparer.Ordinal)]; // an array of texts
    }

    private string Respond(SamlAnswer answer, string domain) => idp.Respond(answer with { Email = $"jane@{domain}" }, Now);

    private async Task<(RelyingParty.Pending Pending, SamlAnswer Answer)> LeaveAsync(string domain, WebBrowser? with = null)
    {
        var pending = App.Authorize(("login_hint", $"jane@{domain}"));
        var page = await (with ?? browser).GetAsync(pending.Address, Ct, idp.IsSso);
        Assert.True(idp.IsSso(page.Address), $"{page.Address}: {page.Text.Trim()}");
        return (pending, TestSamlIdp.Read(page.Address).Answer);
    }

    private async Task<Uri> AwayAsync(string domain, params (string, string?)[] extra) =>
        (await browser.GetAsync(App.Authorize([("login_hint", $"jane@{domain}"), .. extra]).Address, Ct, idp.IsSso)).Address;

    private async Task<(Organization Organization, string Domain, Connection Connection)> AcmeAsync(Func<SamlConnectionChanges, SamlConnectionChanges>? change = null, SsoRoles? roles = null)
    {
        var acme = await host.CreateOrganizationAsync(Ct);
        var domain = await host.VerifyDomainAsync(acme, Ct);
        var draft = await CreateAsync(acme, change, roles);
        return (acme, domain, await host.UseAsync<ConnectionService, Connection>(s => s.ActivateAsync(acme.Id, draft.Id, "Made by a test", Granter.Instance, Ct), acme.Id));
    }

    private Task<Connection> CreateAsync(Organization organization, Func<SamlConnectionChanges, SamlConnectionChanges>? change = null, SsoRoles? roles = null)
    {
        var settings = new SamlConnectionChanges { EntityId = idp.EntityId, SsoUrl = idp.SsoUrl, Certificates = new Patch<IReadOnlyList<CertificateFacts>>([idp.Certificate]) };
        return host.UseAsync<SamlConnectionService, Connection>(
            s => s.CreateAsync(organization.Id, new NewSamlConnection("Test identity provider", change?.Invoke(settings) ?? settings) { TrustEmail = true, SsoRoles = roles }, Granter.Instance, Ct), organization.Id);
    }

    private Task<List<SignInTrace>> TracesAsync(Connection connection) =>
        host.ReadAsync(db => db.SignInTraces.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(t => t.ConnectionId == connection.Id).ToListAsync(Ct));

    private async Task AssertNobodyAsync(string domain, string who = "jane")
    {
        Assert.DoesNotContain(browser.Cookies.GetAllCookies(), c => c.Name == "tidp");
        Assert.False(await host.ReadAsync(db => db.UserEmails.AnyAsync(e => e.Normalized == $"{who}@{domain}", Ct)));
    }
}

[Collection(SqliteHost.Name)]
public sealed class SamlFederationOnSqlite(SqliteIdp host) : SamlFederationTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class SamlFederationOnPostgreSql(PostgreSqlIdp host) : SamlFederationTests(host);
