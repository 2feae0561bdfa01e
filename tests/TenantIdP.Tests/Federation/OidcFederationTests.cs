using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.SignIn;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Federation;

public abstract class OidcFederationTests(IdpHost host) : IAsyncLifetime
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

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
    public async Task A_person_whose_domain_has_a_connection_signs_in_there_and_becomes_a_member()
    {
        var (acme, domain, connection) = await AcmeAsync();
        Upstream.SignsIn("u-1", $"jane@{domain}", name: "Jane Doe");

        var pending = App.Authorize();
        var page = await browser.GetAsync(pending.Address, Ct, App.IsCallback);
        Assert.Contains("Sign in to Test app", page.Text, StringComparison.Ordinal);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["email"] = $"jane@{domain}" }, Ct, stopAt: App.IsCallback);

        var tokens = await RedeemAsync(page, pending);
        Assert.Equal(acme.Id.ToString(), (string?)tokens.Access["org_id"]);
        Assert.Equal(connection.Id.ToString(), (string?)tokens.Access["connection_id"]);
        Assert.Equal($"jane@{domain}", (string?)tokens.Id["email"]);
        Assert.Equal(["member"], tokens.Access["roles"]!.AsArray().Select(r => (string?)r));
    }

    [Fact]
    public async Task A_login_hint_goes_to_the_provider_at_once()
    {
        var (_, domain, _) = await AcmeAsync();
        Upstream.SignsIn("u-hint", $"jane@{domain}");
        var pending = App.Authorize(("login_hint", $"jane@{domain}"));

        var page = await browser.GetAsync(pending.Address, Ct, App.IsCallback);

        Assert.True((await RedeemAsync(page, pending)).IsOk);
        var away = Assert.Single(browser.Trail, u => u.AbsolutePath == "/authorize" && u.Authority == new Uri(Upstream.Issuer).Authority);
        Assert.Contains("login_hint=jane%40", away.Query, StringComparison.Ordinal);
        Assert.Contains("code_challenge_method=S256", away.Query, StringComparison.Ordinal);
        Assert.Contains("nonce=", away.Query, StringComparison.Ordinal);
    }

    /// <summary>What is wrong, and the check that its trace names.</summary>
    public static TheoryData<string, string> BadAnswers => new()
    {
        { "wrong issuer", "issuer" }, { "wrong audience", "audience" }, { "two audiences without azp", "authorized_party" }, { "foreign azp", "authorized_party" },
        { "expired", "lifetime" }, { "issued in the future", "issued_at" }, { "no iat", "issued_at" }, { "wrong nonce", "nonce" },
        { "no nonce", "nonce" }, { "no subject", "subject_claim" }, { "subject is a number", "subject_claim" }, { "alg none", "signature" },
        { "another key", "signature" }, { "HS256 with the client secret", "signature_key" }, { "HS256 with the public key", "signature" }, { "issuer parameter of another", "response_issuer" },
        { "upstream error", "refused_upstream" }, { "no id token", "id_token" }, { "token endpoint answers html", "token_request" },
    };

    [Theory, MemberData(nameof(BadAnswers))]
    [Trait("Attack", "A10")]
    public async Task An_answer_that_is_wrong_ends_on_a_page_with_an_event_and_no_session(string what, string check)
    {
        var (_, domain, connection) = await AcmeAsync();
        Upstream.SignsIn("u-bad", $"jane@{domain}");
        Make(what);

        var page = await browser.GetAsync(App.Authorize(("login_hint", $"jane@{domain}")).Address, Ct, App.IsCallback);

        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        Assert.Matches("Trace [0-9a-f]{32}", page.Text);
        Assert.Contains("upstream_failed", Assert.Single(await RefusalsAsync(connection)), StringComparison.Ordinal);
        await AssertTraceAsync(connection, check, page, $"jane@{domain}");
        await AssertNobodyAsync($"jane@{domain}");
    }

    private async Task AssertTraceAsync(Connection connection, string check, WebPage page, string address)
    {
        var traces = await host.ReadAsync(db => db.SignInTraces.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(t => t.ConnectionId == connection.Id).ToListAsync(Ct));
        var trace = Assert.Single(traces);
        Assert.Equal((check, TraceOutcome.Refused), (trace.Code, trace.Outcome));
        Assert.Contains(trace.TraceId, page.Text, StringComparison.Ordinal);
        Assert.Equal(trace.Summary, Assert.Single(trace.Steps, s => s.Verdict == TraceVerdict.Failed).Fix);
        Assert.Equal(trace.OccurredAt + TimeSpan.FromDays(30), trace.ExpiresAt);
        Assert.DoesNotContain(address, JsonSerializer.Serialize(trace.Steps) + trace.Summary, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_provider_that_is_down_is_told_as_an_outage()
    {
        var (_, domain, connection) = await AcmeAsync();
        Upstream.Intercept = http =>
        {
            http.Response.StatusCode = 503;
            return Task.FromResult(true);
        };

        var page = await browser.GetAsync(App.Authorize(("login_hint", $"jane@{domain}")).Address, Ct, App.IsCallback);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.Status);
        Assert.NotNull(page.Response.Headers.RetryAfter);
        Assert.Single(await RefusalsAsync(connection));
    }

    [Fact]
    public async Task Metadata_of_another_issuer_is_refused()
    {
        var (_, domain, connection) = await AcmeAsync();
        Upstream.TwistDiscovery = d => d["issuer"] = "https://idp.rival.example";

        var page = await browser.GetAsync(App.Authorize(("login_hint", $"jane@{domain}")).Address, Ct, App.IsCallback);

        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        Assert.Single(await RefusalsAsync(connection));
    }

    [Fact]
    [Trait("Attack", "A1")]
    public async Task An_email_outside_the_verified_domains_is_refused()
    {
        var (_, domain, _) = await AcmeAsync();
        Upstream.SignsIn("u-noauth", "ceo@victim.example");

        var page = await browser.GetAsync(App.Authorize(("login_hint", $"jane@{domain}")).Address, Ct, App.IsCallback);

        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        Assert.Contains("email_domain_not_allowed", page.Text, StringComparison.Ordinal);
        await AssertNobodyAsync("ceo@victim.example");
    }

    [Fact]
    [Trait("Attack", "A3")]
    public async Task An_answer_for_one_connection_is_worth_nothing_at_another()
    {
        var (_, domain, _) = await AcmeAsync();
        var (_, _, other) = await AcmeAsync();
        Upstream.SignsIn("u-mix", $"jane@{domain}");

        var stopped = await browser.GetAsync(App.Authorize(("login_hint", $"jane@{domain}")).Address, Ct, u => u.AbsolutePath.EndsWith("/callback", StringComparison.Ordinal));
        var page = await browser.GetAsync($"{host.Issuer}/sso/oidc/{other.Id}/callback{stopped.Address.Query}", Ct);

        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        Assert.Contains("state_mismatch", Assert.Single(await RefusalsAsync(other)), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Attack", "A3")]
    public async Task An_answer_is_worth_nothing_in_another_browser()
    {
        var (_, domain, connection) = await AcmeAsync();
        Upstream.SignsIn("u-csrf", $"jane@{domain}");
        var stopped = await browser.GetAsync(App.Authorize(("login_hint", $"jane@{domain}")).Address, Ct, u => u.AbsolutePath.EndsWith("/callback", StringComparison.Ordinal));
        using var victim = new WebBrowser();

        var page = await victim.GetAsync(stopped.Address, Ct);

        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        Assert.Contains("state_mismatch", Assert.Single(await RefusalsAsync(connection)), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Attack", "A9")]
    public async Task A_connection_disabled_while_the_person_is_away_lets_nobody_in()
    {
        var (acme, domain, connection) = await AcmeAsync();
        Upstream.SignsIn("u-late", $"jane@{domain}");
        var stopped = await browser.GetAsync(App.Authorize(("login_hint", $"jane@{domain}")).Address, Ct, u => u.AbsolutePath.EndsWith("/callback", StringComparison.Ordinal));
        await host.UseAsync<ConnectionService, Connection>(s => s.DisableAsync(acme.Id, connection.Id, Ct), acme.Id);

        var page = await browser.GetAsync(stopped.Address, Ct, App.IsCallback);

        Assert.Equal(HttpStatusCode.NotFound, page.Status);
        Assert.Contains("connection_unavailable", page.Text, StringComparison.Ordinal);
        await AssertNobodyAsync($"jane@{domain}");
    }

    [Fact]
    [Trait("Attack", "A6")]
    public async Task A_verified_flag_speaks_only_for_the_address_beside_it()
    {
        var (_, domain, _) = await AcmeAsync();
        Upstream.SignsIn("u-split", null, emailVerified: true);
        Upstream.UserInfo = new JsonObject { ["sub"] = "u-split", ["email"] = $"boss@{domain}" };

        var page = await browser.GetAsync(App.Authorize(("login_hint", $"jane@{domain}")).Address, Ct, App.IsCallback);

        Assert.Contains("email_not_verified", page.Text, StringComparison.Ordinal);
        await AssertNobodyAsync($"boss@{domain}");
    }

    [Fact]
    public async Task Userinfo_gives_the_email_that_the_id_token_left_out()
    {
        var (_, domain, _) = await AcmeAsync();
        Upstream.SignsIn("u-info", null, emailVerified: null);
        Upstream.UserInfo = new JsonObject { ["sub"] = "u-info", ["email"] = $"info@{domain}", ["email_verified"] = true };
        var pending = App.Authorize(("login_hint", $"info@{domain}"));

        var tokens = await RedeemAsync(await browser.GetAsync(pending.Address, Ct, App.IsCallback), pending);

        Assert.Equal($"info@{domain}", (string?)tokens.Id["email"]);
    }

    [Fact]
    public async Task Userinfo_of_another_person_is_refused()
    {
        var (_, domain, _) = await AcmeAsync();
        Upstream.SignsIn("u-one", null, emailVerified: null);
        Upstream.UserInfo = new JsonObject { ["sub"] = "u-two", ["email"] = $"two@{domain}", ["email_verified"] = true };

        var page = await browser.GetAsync(App.Authorize(("login_hint", $"two@{domain}")).Address, Ct, App.IsCallback);

        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        await AssertNobodyAsync($"two@{domain}");
    }

    [Fact]
    public async Task A_list_of_addresses_is_no_address()
    {
        var (_, domain, _) = await AcmeAsync();
        Upstream.SignsIn("u-list", null);
        Upstream.Claims["email"] = new JsonArray($"a@{domain}", $"b@{domain}");

        var page = await browser.GetAsync(App.Authorize(("login_hint", $"a@{domain}")).Address, Ct, App.IsCallback);

        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        await AssertNobodyAsync($"a@{domain}");
    }

    [Fact]
    [Trait("Attack", "A7")]
    public async Task An_older_account_of_the_address_is_linked_only_after_its_password_was_shown()
    {
        var domain = host.UniqueHost();
        var user = await host.CreateUserAsync($"old@{domain}", Ct);
        var (acme, _, _) = await AcmeAsync(domain);
        Upstream.SignsIn("u-link", $"old@{domain}");
        var pending = App.Authorize(("login_hint", $"old@{domain}"));

        var page = await browser.GetAsync(pending.Address, Ct, App.IsCallback);
        Assert.Equal("/signin/link", page.Address.AbsolutePath);
        Assert.DoesNotContain(page.Form().Elements, e => e.GetAttribute("name") == "email");
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["password"] = "wrong wrong wrong wrong" }, Ct, stopAt: App.IsCallback);
        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["password"] = IdpHost.Password }, Ct, stopAt: App.IsCallback);

        var tokens = await RedeemAsync(page, pending);
        Assert.Equal(user.Id.ToString(), (string?)tokens.Access["sub"]);
        Assert.Equal(acme.Id.ToString(), (string?)tokens.Access["org_id"]);
    }

    private void Make(string what)
    {
        var up = Upstream;
        switch (what)
        {
            case "wrong issuer": up.Twist = p => p["iss"] = "https://rival.example"; break;
            case "wrong audience": up.Twist = p => p["aud"] = "somebody-else"; break;
            case "two audiences without azp": up.Twist = p => p["aud"] = new JsonArray("tenantidp", "other"); break;
            case "foreign azp": up.Twist = p => p["azp"] = "other"; break;
            case "expired": up.Twist = p => (p["iat"], p["exp"]) = ((long)p["iat"]! - 4_000, (long)p["iat"]! - 3_700); break;
            case "issued in the future": up.Twist = p => p["iat"] = (long)p["iat"]! + 600; break;
            case "no iat": up.Twist = p => p.Remove("iat"); break;
            case "wrong nonce": up.Twist = p => p["nonce"] = "forged"; break;
            case "no nonce": up.Twist = p => p.Remove("nonce"); break;
            case "no subject": up.Twist = p => p.Remove("sub"); break;
            case "subject is a number": up.Twist = p => p["sub"] = 42; break;
            case "alg none": up.Forge = (_, p) => Unsigned(p); break;
            case "another key": up.Forge = (_, p) => Sign(p, new RsaSecurityKey(System.Security.Cryptography.RSA.Create(2048)) { KeyId = up.Key.KeyId }, SecurityAlgorithms.RsaSha256); break;
            case "HS256 with the client secret": up.Forge = (_, p) => Sign(p, new SymmetricSecurityKey("upstream-secret-upstream-secret-upstream"u8.ToArray()), SecurityAlgorithms.HmacSha256); break;
            case "HS256 with the public key": up.Forge = (_, p) => Sign(p, new SymmetricSecurityKey(up.Key.Rsa.ExportSubjectPublicKeyInfo()) { KeyId = up.Key.KeyId }, SecurityAlgorithms.HmacSha256); break;
            case "issuer parameter of another": up.TwistRedirect = r => r["iss"] = "https://rival.example"; break;
            case "upstream error": up.TwistRedirect = r => { r.Remove("code"); r["error"] = "access_denied"; }; break;
            case "no id token": up.Intercept = http => AnswerTokenAsync(http, "application/json", """{"access_token":"x","token_type":"Bearer"}"""); break;
            case "token endpoint answers html": up.Intercept = http => AnswerTokenAsync(http, "text/html", "<p>welcome</p>"); break;
            default: throw new ArgumentOutOfRangeException(nameof(what), what, null);
        }
    }

    private static async Task<bool> AnswerTokenAsync(Microsoft.AspNetCore.Http.HttpContext http, string type, string body)
    {
        if (http.Request.Path != "/token") return false;
        http.Response.ContentType = type;
        await http.Response.Body.WriteAsync(System.Text.Encoding.UTF8.GetBytes(body), Ct);
        return true;
    }

    private static string Sign(JsonObject payload, SecurityKey key, string algorithm) => new JsonWebTokenHandler().CreateToken(payload.ToJsonString(), new SigningCredentials(key, algorithm));

    private static string Unsigned(JsonObject payload) => $"{Base64UrlEncoder.Encode("""{"alg":"none","typ":"JWT"}""")}.{Base64UrlEncoder.Encode(payload.ToJsonString())}.";

    private async Task<(Organization Organization, string Domain, Connection Connection)> AcmeAsync(string? domain = null)
    {
        var acme = await host.CreateOrganizationAsync(Ct);
        return (acme, await host.VerifyDomainAsync(acme, Ct, domain), await host.ConnectAsync(acme, Upstream, Ct));
    }

    private Task<List<string>> RefusalsAsync(Connection connection)
    {
        var target = connection.Id.ToString();
        return host.ReadAsync(db => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(e => e.TargetId == target && e.Type == EventTypes.SignInRefused).Select(e => e.Data).ToListAsync(Ct));
    }

    private async Task<TokenAnswer> RedeemAsync(WebPage page, RelyingParty.Pending pending)
    {
        Assert.True(App.IsCallback(page.Address), $"{page.Address} {page.Status}: {page.Text.Trim()}");
        var answer = RelyingParty.Answer(page);
        Assert.True(answer.ContainsKey("code"), page.Address.Query);
        Assert.Equal(pending.State, answer["state"]);
        var tokens = await App.RedeemAsync(answer["code"], pending.Verifier, Ct);
        Assert.True(tokens.IsOk, tokens.Body.ToJsonString());
        return tokens;
    }

    private async Task AssertNobodyAsync(string email)
    {
        Assert.DoesNotContain(browser.Cookies.GetAllCookies(), c => c.Name == "tidp");
        Assert.False(await host.ReadAsync(db => db.UserEmails.AnyAsync(e => e.Normalized == email, Ct)));
    }
}

[Collection(SqliteHost.Name)]
public sealed class OidcFederationOnSqlite(SqliteIdp host) : OidcFederationTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class OidcFederationOnPostgreSql(PostgreSqlIdp host) : OidcFederationTests(host);
