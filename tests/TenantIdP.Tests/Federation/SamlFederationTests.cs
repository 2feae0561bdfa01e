using System.Net;
using System.Text.Json;
using System.Xml;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.SignIn;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Federation;

/// <summary>SAML sign-in from the app's request to its tokens, and what an answer must not do.</summary>
public abstract class SamlFederationTests(IdpHost host) : SamlVisits(host)
{
    [Fact]
    public async Task A_person_signs_in_and_becomes_a_member()
    {
        var (acme, domain, connection) = await AcmeAsync();
        var (pending, request) = await LeaveAsync(domain);
        Assert.Equal($"{Host.Issuer}/sso/saml/{connection.Id}/acs", request.AcsUrl);
        Assert.Equal($"{Host.Issuer}/sso/saml/{connection.Id}/metadata", request.Issuer);
        Assert.DoesNotContain(Browser.Cookies.GetAllCookies(), c => c.Name.Contains(request.Id, StringComparison.Ordinal));
        var answer = Idp.Answer(request, "p-1", $"jane@{domain}");
        answer.Attributes["displayName"] = ["Jane Doe"];

        var tokens = await RedeemAsync(await ReturnAsync(answer), pending);

        Assert.Equal(acme.Id.ToString(), (string?)tokens.Access["org_id"]);
        Assert.Equal(connection.Id.ToString(), (string?)tokens.Access["connection_id"]);
        Assert.Equal(($"jane@{domain}", "Jane Doe"), ((string?)tokens.Id["email"], (string?)tokens.Id["name"]));
        var identity = await Host.ReadAsync(db => db.UserIdentities.SingleAsync(i => i.ConnectionId == connection.Id, Ct));
        Assert.Equal((Idp.EntityId, "p-1"), (identity.Issuer, identity.Subject));
        var trace = Assert.Single(await TracesAsync(connection));
        Assert.Equal(TraceOutcome.Succeeded, trace.Outcome);
        Assert.Contains(trace.Steps, s => s is { Stage: "response", Check: "audience", Verdict: TraceVerdict.Passed, Clause: "Core 2.5.1.4" });
        Assert.DoesNotContain($"jane@{domain}", JsonSerializer.Serialize(trace.Steps), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_answer_is_posted_without_a_cookie_and_waits_for_its_browser()
    {
        var (_, domain, _) = await AcmeAsync();
        var (pending, request) = await LeaveAsync(domain);

        using var posted = await PostAsync(Idp.Answer(request, "p-1", $"jane@{domain}"));

        Assert.Equal(HttpStatusCode.SeeOther, posted.StatusCode);
        Assert.False(posted.Headers.Contains("Set-Cookie"));
        var there = new Uri(new Uri(Host.Issuer), posted.Headers.Location!); // a redirect has a location
        Assert.True((await RedeemAsync(await Browser.GetAsync(there, Ct, App.IsCallback), pending)).IsOk);
    }

    [Fact]
    public async Task A_form_carries_the_signed_request_where_the_provider_wants_one()
    {
        var (_, domain, connection) = await AcmeAsync(s => s with { SsoBinding = new Patch<SamlBinding>(SamlBinding.Post), SignRequests = new Patch<bool>(true) });
        var pending = App.Authorize(("login_hint", $"jane@{domain}"), ("prompt", "login"));

        var page = await Browser.GetAsync(pending.Address, Ct, App.IsCallback);

        Assert.Contains("script-src 'self'", page.Response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal((Idp.SsoUrl, "Continue"), (page.Form().GetAttribute("action"), page.Document.QuerySelector("button")!.TextContent)); // compared
        var script = await Host.Http.GetAsync(Host.Issuer + page.Document.QuerySelector("script")!.GetAttribute("src"), Ct); // as above
        Assert.Equal((HttpStatusCode.OK, "text/javascript"), (script.StatusCode, script.Content.Headers.ContentType?.MediaType));
        var request = TestSamlIdp.Read(page);
        Assert.Equal("true", request.Xml.GetAttribute("ForceAuthn"));
        Assert.NotNull(request.Xml["Signature", "http://www.w3.org/2000/09/xmldsig#"]);
        Assert.Matches("^[A-Za-z0-9_-]{16}$", request.RelayState);
        Assert.True((await RedeemAsync(await ReturnAsync(Idp.Answer(request, "p-1", $"jane@{domain}")), pending)).IsOk);
        Assert.Single(await TracesAsync(connection));
    }

    /// <summary>What is wrong, and the check that its trace names.</summary>
    public static TheoryData<string, string> BadAnswers => new()
    {
        { "wrong audience", "audience" }, { "wrong recipient", "recipient" }, { "wrong destination", "destination" }, { "expired", "not_on_or_after" }, { "another issuer", "issuer_response" },
        { "another key", "signature_value" }, { "changed after signing", "digest_value" }, { "unsolicited", "in_response_to_missing" }, { "refused there", "status_success" }, { "no base64", "message_not_base64" },
    };

    [Theory, MemberData(nameof(BadAnswers))]
    [Trait("Attack", "A14")]
    public async Task An_answer_that_is_wrong_ends_on_a_page_with_an_event_and_no_session(string what, string check)
    {
        var (_, domain, connection) = await AcmeAsync();
        var (_, request) = await LeaveAsync(domain);
        var answer = Idp.Answer(request, "p-bad", $"jane@{domain}");
        var form = Spoil(what, answer);

        var page = await Browser.SubmitAsync(await form, new Dictionary<string, string>(), Ct, stopAt: App.IsCallback);

        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        Assert.Contains(check, Assert.Single(await RefusalsAsync(connection)), StringComparison.Ordinal);
        var trace = Assert.Single(await TracesAsync(connection));
        Assert.Equal((check, TraceOutcome.Refused), (trace.Code, trace.Outcome));
        var failed = Assert.Single(trace.Steps, s => s.Verdict == TraceVerdict.Failed);
        Assert.Equal((check, "response", trace.Summary), (failed.Check, failed.Stage, failed.Fix));
        Assert.NotNull(failed.Clause);
        Assert.Contains(trace.TraceId, page.Text, StringComparison.Ordinal);
        await AssertNobodyAsync(connection);
    }

    [Fact]
    [Trait("Attack", "A9")]
    public async Task A_connection_disabled_while_the_person_is_away_lets_nobody_in()
    {
        var (acme, domain, connection) = await AcmeAsync();
        var (_, request) = await LeaveAsync(domain);
        await Host.UseAsync<ConnectionService, Connection>(s => s.DisableAsync(acme.Id, connection.Id, Ct), acme.Id);

        var page = await ReturnAsync(Idp.Answer(request, "p-late", $"jane@{domain}"));

        Assert.Equal(HttpStatusCode.NotFound, page.Status);
        Assert.Contains("connection_unavailable", page.Text, StringComparison.Ordinal);
        await AssertNobodyAsync(connection);
    }

    [Fact]
    [Trait("Attack", "G3")]
    public async Task An_invented_handle_leaves_nothing_behind()
    {
        var (_, _, connection) = await AcmeAsync();

        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.BadRequest, (await Browser.GetAsync($"{Host.Issuer}/sso/saml/{connection.Id}/finish?h=invented{i}", Ct)).Status);

        Assert.Empty(await RefusalsAsync(connection));
        Assert.Empty(await TracesAsync(connection));
    }

    [Fact]
    public async Task A_relay_state_leads_nowhere()
    {
        var (_, domain, _) = await AcmeAsync();
        var (pending, request) = await LeaveAsync(domain);
        var answer = Idp.Answer(request, "p-relay", $"jane@{domain}");
        answer.RelayState = "https://evil.example/<script>";

        Assert.True((await RedeemAsync(await ReturnAsync(answer), pending)).IsOk);
        Assert.DoesNotContain(Browser.Trail, u => u.Host == "evil.example");
    }

    [Fact]
    public async Task A_large_answer_is_read_and_a_larger_one_is_refused()
    {
        var (_, domain, connection) = await AcmeAsync();
        var (pending, request) = await LeaveAsync(domain);
        var answer = Idp.Answer(request, "p-large", $"jane@{domain}");
        answer.Attributes["groups"] = [.. Enumerable.Range(0, 900).Select(i => new string('g', 1_000) + i)];
        var larger = Idp.Answer(request, "p-larger", $"jane@{domain}");
        larger.Attributes["groups"] = [.. Enumerable.Range(0, 1_060).Select(i => new string('g', 1_000) + i)];

        using var refused = await PostAsync(larger);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains((await TracesAsync(connection)).Single().Code, new[] { "message_too_large", "message_not_xml" });
        Assert.True((await RedeemAsync(await ReturnAsync(answer), pending)).IsOk);
    }

    [Fact]
    public async Task Groups_become_roles()
    {
        var (_, domain, _) = await AcmeAsync(roles: new SsoRoles("groups", [new("Engineering", "guest"), new("IT", "admin")]));

        Assert.Equal(["admin", "member"], await RolesAsync(domain, "IT", "it", "Sales"));
        Assert.Equal(["admin", "member"], await RolesAsync(domain)); // absent changes nothing
        Assert.Equal(["guest", "member"], await RolesAsync(domain, "Engineering"));
    }

    [Fact]
    public async Task The_metadata_says_who_we_are_before_anybody_signs_in()
    {
        var acme = await Host.CreateOrganizationAsync(Ct);
        var draft = await Host.DraftSamlAsync(acme, Idp, Ct);
        var document = new XmlDocument();

        using var answer = await Host.Http.GetAsync($"{Host.Issuer}/sso/saml/{draft.Id}/metadata", Ct);
        document.LoadXml(await answer.Content.ReadAsStringAsync(Ct));
        using var unknown = await Host.Http.GetAsync($"{Host.Issuer}/sso/saml/{Id<Connection>.New(TimeProvider.System.GetUtcNow())}/metadata", Ct);

        Assert.Equal("application/samlmetadata+xml", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal($"{Host.Issuer}/sso/saml/{draft.Id}/metadata", document.DocumentElement!.GetAttribute("entityID")); // a document has one
        Assert.Equal(1, document.GetElementsByTagName("Signature", "http://www.w3.org/2000/09/xmldsig#").Count);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    private async Task<WebPage> Spoil(string what, SamlAnswer answer)
    {
        Func<string, string>? forge = null;
        switch (what)
        {
            case "wrong audience": answer.Audience = "https://another.example"; break;
            case "wrong recipient": answer.Recipient = "https://another.example/acs"; break;
            case "expired": answer.Now -= TimeSpan.FromMinutes(8); break;
            case "another issuer": answer.Issuer = "https://rival.example"; break;
            case "changed after signing": forge = xml => xml.Replace("p-bad", "p-bed", StringComparison.Ordinal); break;
            case "unsolicited": answer.InResponseTo = null; break;
            case "refused there": answer.Status = "urn:oasis:names:tc:SAML:2.0:status:Responder"; break;
            case "wrong destination": forge = xml => xml.Replace($"Destination=\"{answer.Destination}\"", "Destination=\"https://another.example/acs\"", StringComparison.Ordinal); break;
            case "no base64": return await WithValueAsync(await Idp.PageAsync(answer, Ct), "<not base64>");
            case "another key":
                using (var rival = new TestSamlIdp(Idp.EntityId)) return await rival.PageAsync(answer, Ct);
            default: throw new ArgumentOutOfRangeException(nameof(what), what, null);
        }

        return await Idp.PageAsync(answer, Ct, forge);
    }

    private static Task<WebPage> WithValueAsync(WebPage page, string value)
    {
        page.Document.QuerySelector("input")!.SetAttribute("value", value); // the page has one
        return Task.FromResult(page);
    }

    private async Task<(Organization Organization, string Domain, Connection Connection)> AcmeAsync(Func<SamlConnectionChanges, SamlConnectionChanges>? change = null, SsoRoles? roles = null)
    {
        var acme = await Host.CreateOrganizationAsync(Ct);
        return (acme, await Host.VerifyDomainAsync(acme, Ct), await Host.ConnectSamlAsync(acme, Idp, Ct, change, roles));
    }

    private Task<(RelyingParty.Pending Pending, SeenRequest Request)> LeaveAsync(string domain, WebBrowser? by = null) => LeaveAsync(domain, Idp, by);

    private Task<WebPage> ReturnAsync(SamlAnswer answer, WebBrowser? by = null) => ReturnAsync(Idp, answer, by);

    private async Task<HttpResponseMessage> PostAsync(SamlAnswer answer)
    {
        using var content = new FormUrlEncodedContent([new("SAMLResponse", Idp.Sign(answer)), new("RelayState", answer.RelayState)]);
        using var request = new HttpRequestMessage(HttpMethod.Post, answer.Destination) { Content = content };
        request.Headers.Add("Origin", Idp.EntityId);
        request.Headers.Add("Sec-Fetch-Site", "cross-site");
        return await Host.Http.SendAsync(request, Ct);
    }

    private async Task<string[]> RolesAsync(string domain, params string[] groups)
    {
        using var other = new WebBrowser();
        var (pending, request) = await LeaveAsync(domain, other);
        var answer = Idp.Answer(request, "p-roles", $"jane@{domain}");
        if (groups.Length > 0) answer.Attributes["groups"] = groups;
        var tokens = await RedeemAsync(await ReturnAsync(answer, other), pending);
        return [.. tokens.Access["roles"]!.AsArray().Select(r => (string)r!).Order(StringComparer.Ordinal)]; // every token of a member has them
    }
}

[Collection(SqliteHost.Name)]
public sealed class SamlFederationOnSqlite(SqliteIdp host) : SamlFederationTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class SamlFederationOnPostgreSql(PostgreSqlIdp host) : SamlFederationTests(host);
