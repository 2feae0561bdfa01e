using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Observability;

/// <summary>
/// All flows, well and badly, against a server whose log and telemetry tell everything they can; then every secret, token, cookie, password, code, name and address that came
/// by is looked for in all of it (SECURITY.md F7).
/// </summary>
public abstract class LeakTests(ObservedHost idp)
{
    private const string Canary = "canary-of-the-log";

    private readonly Seen seen = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Attack", "F7")]
    public async Task Nothing_that_is_logged_traced_or_measured_holds_a_secret_or_a_person()
    {
        seen.Add("bootstrap secret", IdpHost.BootstrapSecret);
        seen.Add("password", IdpHost.Password);
        seen.Add("upstream secret", TestUpstream.ClientSecret);
        await LocalAsync();
        await OidcAsync();
        await SamlAsync();
        await DeviceAsync();
        await InvitationAsync();
        await CodeAsync();
        await ManagementAsync();
        await HostileRequests.SendAsync(new Uri(idp.Issuer), Canary, Ct);
        await idp.Collector.WaitAsync("/v1/metrics", "tenantidp.sign_ins", Ct);
        await idp.Collector.WaitAsync("/v1/traces", "tenantidp.work.name", Ct);
        await idp.Collector.WaitAsync("/v1/traces", "last-of-the-flows", Ct);

        Assert.True(seen.Count > 60, $"Only {seen.Count} secrets were seen.");
        Assert.True(idp.Log.Count > 200, $"Only {idp.Log.Count} entries were logged.");
        var logged = idp.Log.GroupBy(e => e.Category).SelectMany(g => seen.In(string.Join('\n', g.Select(e => e.Text))).Select(leak => $"log {g.Key}: {leak}"));
        var exported = seen.In(idp.Collector.Everything).Select(leak => $"telemetry: {leak}");
        var leaks = logged.Concat(exported).Order(StringComparer.Ordinal).ToList();
        Assert.True(leaks.Count == 0, string.Join('\n', leaks));
        AssertLines();
    }

    [Fact]
    public async Task A_collector_gets_the_products_metrics_and_traces_beside_the_frameworks()
    {
        using var browser = new WebBrowser();
        var app = await idp.CreateAppAsync(Ct);
        await browser.GetAsync(app.Authorize().Address, Ct, app.IsCallback);
        Assert.False((await app.RefreshAsync("not-a-token-that-anybody-gave", Ct)).IsOk);

        foreach (var metric in new[] { "tenantidp.token.grants", "tenantidp.cache.requests", "tenantidp.work.duration", "tenantidp.signing_key.age", "tenantidp.event.sealing_lag", "http.server.request.duration", "dotnet.gc.collections" })
            await idp.Collector.WaitAsync("/v1/metrics", metric, Ct);
        foreach (var span in new[] { "POST /connect/token", "GET /connect/authorize", "tenantidp.token.grant_type" }) await idp.Collector.WaitAsync("/v1/traces", span, Ct);

        // ExportMetricsServiceRequest: field 1, as long as it says.
        Assert.All(idp.Collector.Bodies("/v1/metrics"), body => Assert.Equal(0x0A, body[0]));
        Assert.Contains("service.name", idp.Collector.Everything, StringComparison.Ordinal);
        Assert.DoesNotContain("GET /health", idp.Collector.Everything, StringComparison.Ordinal); // as a server's span is named; that other tests of this process ask for it is seen, too
    }

    private async Task LocalAsync()
    {
        var email = $"zebulon.quartermain@{idp.UniqueHost()}";
        seen.Add("email", email);
        seen.Add("name", "Zebulon Quartermain");
        var user = await idp.CreateUserAsync(email, Ct, "Zebulon Quartermain");
        var (home, other) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct));
        await idp.AddMemberAsync(home, user, Ct);
        await idp.AddMemberAsync(other, user, Ct);
        var app = await idp.CreateAppAsync(Ct);
        seen.Add("client secret", app.App.Secret);
        using var browser = new WebBrowser();

        foreach (var (who, password) in new[] { (email, "wrong horse battery staple"), ($"nobody.whatever@{idp.UniqueHost()}", "another wrong password") })
        {
            seen.Add("email", who);
            seen.Add("wrong password", password);
            seen.Add(await IdpHost.SignInWithPasswordAsync(browser, app, Watched(app.Authorize()), who, Ct, password));
        }

        var pending = Watched(app.Authorize(("organization", home.Id.ToString())));
        var page = await IdpHost.SignInWithPasswordAsync(browser, app, pending, email, Ct);
        Assert.True(app.IsCallback(page.Address), page.Text);
        var tokens = await RedeemAsync(app, page, pending);
        var refreshed = await KeepAsync(app.RefreshAsync(tokens.RefreshToken, Ct));
        var switched = await KeepAsync(app.RefreshAsync(refreshed.RefreshToken, Ct, ("organization", other.Slug.Value)));
        Assert.False((await KeepAsync(app.RefreshAsync(switched.RefreshToken, Ct, ("organization", "org_nowhere")))).IsOk);
        Assert.False((await KeepAsync(app.RefreshAsync(tokens.RefreshToken, Ct))).IsOk); // spent
        await app.UserInfoAsync(refreshed.AccessToken, Ct);
        await KeepAsync(app.TokenAsync([("token", switched.AccessToken)], Ct, "/connect/introspect"));
        await KeepAsync(app.TokenAsync([("token", switched.RefreshToken)], Ct, "/connect/revoke"));
        await KeepAsync(app.TokenAsync([("response_type", "code"), ("redirect_uri", app.App.RedirectUri), ("login_hint", email), ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), ("code_challenge_method", "S256"), ("client_id", app.App.ClientId)], Ct, "/connect/par"));
        seen.Add(await browser.GetAsync($"{idp.Issuer}/connect/logout?id_token_hint={Uri.EscapeDataString((string)tokens.Body["id_token"]!)}", Ct)); // asked for
        seen.Add(browser);
    }

    private async Task OidcAsync()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var acme = await idp.CreateOrganizationAsync(Ct);
        var domain = await idp.VerifyDomainAsync(acme, Ct);
        await idp.ConnectAsync(acme, upstream, Ct, c => c with { TrustEmail = true });
        var (email, subject) = ($"persephone.vandermeer@{domain}", "subject-of-persephone-1");
        seen.Add("email", email);
        seen.Add("name", "Persephone Vandermeer");
        seen.Add("subject", subject);
        upstream.SignsIn(subject, email, name: "Persephone Vandermeer");
        upstream.Twist = token => seen.Add("upstream nonce", (string?)token["nonce"]);
        var app = await idp.CreateAppAsync(Ct);
        using (var browser = new WebBrowser())
        {
            var pending = Watched(app.Authorize(("login_hint", email)));
            var page = await browser.GetAsync(pending.Address, Ct, app.IsCallback);
            Assert.True(app.IsCallback(page.Address), page.Text);
            await RedeemAsync(app, page, pending);
            seen.Add(browser);
        }

        await OidcFaultsAsync(upstream, app, email, subject);
    }

    private async Task OidcFaultsAsync(TestUpstream upstream, RelyingParty app, string email, string subject)
    {
        Action[] faults =
        [
            () => upstream.Twist = token => token["nonce"] = "another-nonce-than-ours",
            () => upstream.Twist = token => token["aud"] = email,
            () => upstream.TwistRedirect = query => (query["error"], query["error_description"]) = ("access_denied", $"No {email}, {subject} \r\n\u001b[31m{Canary} {new string('x', 5000)}"),
            () => upstream.Intercept = async http =>
            {
                if (http.Request.Path != "/token") return false;
                http.Response.StatusCode = 400;
                await http.Response.WriteAsJsonAsync(new { error = "invalid_grant", error_description = $"{email} {subject}\n{Canary}" });
                return true;
            },
            () => upstream.Intercept = async http =>
            {
                if (http.Request.Path != "/token") return false;
                await http.Response.WriteAsync($"<html>{email} {TestUpstream.ClientSecret}</html>");
                return true;
            },
        ];
        foreach (var fault in faults)
        {
            (upstream.Twist, upstream.TwistRedirect, upstream.Intercept) = (null, null, null);
            fault();
            using var browser = new WebBrowser();
            var page = await browser.GetAsync(Watched(app.Authorize(("login_hint", email))).Address, Ct, app.IsCallback);
            Assert.False(app.IsCallback(page.Address) && !page.Address.Query.Contains("error=", StringComparison.Ordinal));
            seen.Add(browser);
        }
    }

    private async Task SamlAsync()
    {
        using var provider = new TestSamlIdp($"https://{idp.UniqueHost()}");
        var acme = await idp.CreateOrganizationAsync(Ct);
        var domain = await idp.VerifyDomainAsync(acme, Ct);
        var connection = await idp.ConnectSamlAsync(acme, provider, Ct);
        var (email, nameId) = ($"thaddeus.winterbottom@{domain}", "name-id-of-thaddeus");
        seen.Add("email", email);
        seen.Add("NameID", nameId);
        var app = await idp.CreateAppAsync(Ct);
        using var browser = new WebBrowser();
        var pending = Watched(app.Authorize(("login_hint", email)));
        var request = TestSamlIdp.Read((await browser.GetAsync(pending.Address, Ct, provider.IsHere)).Address);
        seen.Add("RelayState", request.RelayState);
        foreach (var change in new Action<SamlAnswer>[] { a => a.Audience = email, a => a.Now = a.Now.AddHours(-3), a => a.Status = $"urn:{email}", a => a.Attributes["email"] = [$"thaddeus.winterbottom@{idp.UniqueHost()}\n{Canary}"] })
        {
            var wrong = provider.Answer(request, nameId, email);
            change(wrong);
            seen.Add("email", wrong.Attributes["email"][0].Split('\n')[0]);
            await PostAsync(wrong);
        }

        await PostAsync(provider.Answer(request, nameId, email), xml => xml.Replace(nameId, nameId + "-forged", StringComparison.Ordinal));
        await browser.GetAsync(Watched(app.Authorize(("login_hint", email))).Address, Ct, provider.IsHere);
        pending = Watched(app.Authorize(("login_hint", email)));
        request = TestSamlIdp.Read((await browser.GetAsync(pending.Address, Ct, provider.IsHere)).Address);
        var page = await PostAsync(provider.Answer(request, nameId, email));
        Assert.True(app.IsCallback(page.Address), $"{page.Address}: {page.Text}");
        await RedeemAsync(app, page, pending);
        seen.Add(browser);
        seen.Add(await browser.GetAsync(provider.Logout(new SamlLogout($"{idp.Issuer}/sso/saml/{connection.Id}/slo", nameId)), Ct, provider.IsHere));

        async Task<WebPage> PostAsync(SamlAnswer answer, Func<string, string>? forge = null)
        {
            var form = await provider.PageAsync(answer, Ct, forge);
            seen.Add("SAMLResponse", form.Document.QuerySelector("input[name=SAMLResponse]")!.GetAttribute("value")); // the page is made of it
            return await browser.SubmitAsync(form, new Dictionary<string, string>(), Ct, stopAt: app.IsCallback);
        }
    }

    private async Task DeviceAsync()
    {
        var email = $"device.person@{idp.UniqueHost()}";
        seen.Add("email", email);
        var user = await idp.CreateUserAsync(email, Ct);
        await idp.AddMemberAsync(await idp.CreateOrganizationAsync(Ct), user, Ct);
        var app = await idp.CreateAppAsync(Ct, a => a with { Kind = AppKind.Public, RedirectUris = [], PostLogoutRedirectUris = [], GrantTypes = [AppGrantTypes.DeviceCode, AppGrantTypes.RefreshToken] });
        var started = (await KeepAsync(app.TokenAsync([("scope", "openid email offline_access")], Ct, "/connect/device"))).Body;
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        using (browser)
        {
            var page = await browser.GetAsync((string)started["verification_uri"]!, Ct); // always there
            page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["user_code"] = "BBBB-BBBB" }, Ct);
            page = await browser.SubmitAsync(await browser.GetAsync((string)started["verification_uri"]!, Ct), new Dictionary<string, string> { ["user_code"] = (string)started["user_code"]! }, Ct); // as above
            seen.Add(page);
            await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, button: page.Document.QuerySelector("button[value='yes']"));
            seen.Add(browser);
        }

        Assert.True((await KeepAsync(app.TokenAsync([("grant_type", AppGrantTypes.DeviceCode), ("device_code", (string)started["device_code"]!)], Ct))).IsOk); // as above
    }

    /// <summary>The link is a path: nothing may write down the address that was asked for.</summary>
    private async Task InvitationAsync()
    {
        var (email, password) = ($"invited.person@{idp.UniqueHost()}", "a first password by invitation");
        seen.Add("email", email);
        seen.Add("password", password);
        seen.Add("name", "Wilhelmina Featherington");
        seen.Add("message", "Looking forward to the balloon");
        var organization = await idp.CreateOrganizationAsync(Ct);
        await idp.UseAsync<InvitationService, InvitationResult>(s => s.CreateAsync(organization.Id, new NewInvitation(email, []) { Message = "Looking forward to the balloon" }, Granter.Instance, Ct), organization.Id);
        var link = Regex.Match((await idp.MailsToAsync(email, 1, Ct))[0].Text, @"http\S+/invitations/(tidp_inv_\S+)");
        Assert.True(link.Success);
        seen.Add("invitation token", link.Groups[1].Value);
        using var browser = new WebBrowser();
        var page = await browser.GetAsync(link.Value, Ct);
        seen.Add(page);
        page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, button: page.Document.QuerySelector("button[value='accept']"));
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["name"] = "Wilhelmina Featherington", ["password"] = password }, Ct);
        Assert.Contains("Welcome to", page.Text, StringComparison.Ordinal);
        seen.Add(await browser.GetAsync(link.Value, Ct));
        seen.Add(await browser.GetAsync(link.Value + "x", Ct)); // no token of anything
        seen.Add(browser);
    }

    /// <summary>A code for a forgotten password, wrong and right, and the password that it is for.</summary>
    private async Task CodeAsync()
    {
        var (email, password) = ($"forgetful.person@{idp.UniqueHost()}", "another password, chosen by mail");
        seen.Add("email", email);
        seen.Add("password", password);
        await idp.AddMemberAsync(await idp.CreateOrganizationAsync(Ct), await idp.CreateUserAsync(email, Ct), Ct);
        var app = await idp.CreateAppAsync(Ct);
        using var browser = new WebBrowser();
        var page = await browser.GetAsync(Watched(app.Authorize()).Address, Ct, app.IsCallback);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["email"] = email }, Ct);
        page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, form: "form[action='/signin/code/send']", button: page.Document.QuerySelector("button[value='password']"));
        var mail = (await idp.MailsToAsync(email, 1, Ct))[0];
        var code = Regex.Match(mail.Subject, "[0-9]{4} [0-9]{4}").Value;
        Assert.NotEmpty(code);
        seen.Add("mailed link", mail.Links[0].PathAndQuery);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["code"] = "WRONG-CODE-OF-A-GUESSER" }, Ct);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["code"] = code }, Ct);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["password"] = password }, Ct, stopAt: app.IsCallback);
        Assert.True(app.IsCallback(page.Address), $"{page.Address}: {page.Text}");
        seen.Add(browser);
    }

    private async Task ManagementAsync()
    {
        var operators = new RelyingParty(idp.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), idp.Http);
        var token = (await KeepAsync(operators.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct))).AccessToken;
        var organization = await idp.CreateOrganizationAsync(Ct);
        var (email, password) = ($"by.the.api@{idp.UniqueHost()}", "a password by the api 9271");
        seen.Add("email", email);
        seen.Add("password", password);
        var made = await SendAsync(HttpMethod.Post, "/users", new { emails = new[] { new { address = email, verified = true } }, password, name = "Bartholomew Featherstone" });
        seen.Add("name", "Bartholomew Featherstone");
        await SendAsync(HttpMethod.Post, $"/organizations/{organization.Id}/members", new { userId = (string?)made["id"], roles = new[] { "member" } });
        await SendAsync(HttpMethod.Post, $"/organizations/{organization.Id}/members", new { email, roles = new[] { "member" } }); // a member already
        await SendAsync(HttpMethod.Get, $"/users?email={Uri.EscapeDataString(email)}", null);
        await SendAsync(HttpMethod.Post, "/users", new { emails = new[] { new { address = email, verified = true } }, password, nonsense = email });
        var app = await SendAsync(HttpMethod.Post, "/apps", new { displayName = "Made by the API", kind = "machine" });
        seen.Add("client secret", (string?)app["clientSecret"]);
        var key = await SendAsync(HttpMethod.Post, $"/organizations/{organization.Id}/keys", new { displayName = "A key", permissions = new[] { "members:read" } });
        seen.Add("key", (string?)key["secret"]);
        Assert.All([made["id"], app["clientSecret"], key["secret"]], Assert.NotNull);
        var directory = await idp.CreateDirectoryAsync(organization, Ct);
        seen.Add("directory's token", directory.Token.Secret);
        var wrong = Core.Directories.DirectorySecret.New(directory.Token.Token.Id);
        seen.Add("invented token of a directory", wrong);
        foreach (var scim in new[] { idp.ScimOf(directory), idp.ScimOf(directory, wrong) })
        {
            await scim.GetAsync($"/Schemas?filter=userName%20eq%20%22{Uri.EscapeDataString(email)}%22", Ct);
            await scim.PostAsync("/Me", $$"""{"userName":"{{email}}","password":"{{password}}"}""", Ct);
        }

        async Task<JsonObject> SendAsync(HttpMethod method, string path, object? body)
        {
            using var request = new HttpRequestMessage(method, idp.Issuer + "/api/v1" + path) { Content = body is null ? null : JsonContent.Create(body) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var client = new HttpClient(new HttpClientHandler { UseProxy = false });
            using var response = await client.SendAsync(request, Ct);
            var text = await response.Content.ReadAsStringAsync(Ct);
            return text.StartsWith('{') ? JsonNode.Parse(text)!.AsObject() : []; // begins like one
        }
    }

    private void AssertLines()
    {
        Assert.All(idp.Log, entry =>
        {
            Assert.Equal(1, entry.AsJson.Count(c => c == '\n'));
            Assert.InRange(entry.AsJson.Length, 1, 200_000);
            Assert.DoesNotContain(entry.AsJson.TrimEnd('\n', '\r') + entry.AsText.Replace(Environment.NewLine, "", StringComparison.Ordinal), char.IsControl);
            _ = JsonNode.Parse(entry.AsJson);
        });
    }

    private RelyingParty.Pending Watched(RelyingParty.Pending pending)
    {
        seen.Add("state", pending.State);
        seen.Add("nonce", pending.Nonce);
        seen.Add("code verifier", pending.Verifier);
        return pending;
    }

    private async Task<TokenAnswer> RedeemAsync(RelyingParty app, WebPage page, RelyingParty.Pending pending)
    {
        var code = RelyingParty.Answer(page)["code"];
        seen.Add("code", code);
        var tokens = await KeepAsync(app.RedeemAsync(code, pending.Verifier, Ct));
        Assert.True(tokens.IsOk, tokens.Body.ToString());
        return tokens;
    }

    private async Task<TokenAnswer> KeepAsync(Task<TokenAnswer> asked)
    {
        var answer = await asked;
        seen.Add(answer);
        return answer;
    }
}

public sealed class LeaksOnSqlite(ObservedSqlite idp) : LeakTests(idp), IClassFixture<ObservedSqlite>;

public sealed class LeaksOnPostgreSql(ObservedPostgreSql idp) : LeakTests(idp), IClassFixture<ObservedPostgreSql>;
