using System.Net;
using System.Text.Json.Nodes;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Tokens;

/// <summary>A device without a keyboard gets tokens by a person at another screen (RFC 8628), without JavaScript.</summary>
public abstract class DeviceFlowTests(IdpHost idp) : EngineScene(idp)
{
    private static NewApp Device(NewApp app) => app with
    {
        DisplayName = "Meeting room screen", Kind = AppKind.Public, RedirectUris = [], PostLogoutRedirectUris = [], GrantTypes = [AppGrantTypes.DeviceCode, AppGrantTypes.RefreshToken],
    };

    private static async Task<JsonObject> StartAsync(RelyingParty app, params (string, string)[] extra)
    {
        var answer = await app.TokenAsync([("scope", "openid profile email offline_access"), .. extra], Ct, "/connect/device");
        Assert.True(answer.IsOk, answer.Body.ToString());
        return answer.Body;
    }

    private static Task<TokenAnswer> PollAsync(RelyingParty app, JsonObject started) => app.TokenAsync([("grant_type", AppGrantTypes.DeviceCode), ("device_code", (string)started["device_code"]!)], Ct); // always there

    private static async Task<WebPage> EnterAsync(WebBrowser browser, JsonObject started, string? code = null)
    {
        var page = await browser.GetAsync((string)started["verification_uri"]!, Ct); // always there
        return await browser.SubmitAsync(page, new Dictionary<string, string> { ["user_code"] = code ?? (string)started["user_code"]! }, Ct); // as above
    }

    private static Task<WebPage> AnswerAsync(WebBrowser browser, WebPage page, string answer) =>
        browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, button: page.Document.QuerySelector($"button[value='{answer}']"));

    [Fact]
    public async Task A_device_gets_a_grant_like_any_other_when_its_person_says_yes()
    {
        var world = await WorldAsync(Device);
        var started = await StartAsync(world.App, ("organization", world.Home.Slug.Value));
        Assert.Matches("^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$", (string)started["user_code"]!); // always there
        Assert.Equal(Host.Issuer + "/device", (string?)started["verification_uri"]);
        Assert.InRange((int)started["expires_in"]!, 595, 600); // as above
        Assert.Equal(5, (int)started["interval"]!); // as above
        Assert.Equal("authorization_pending", (await PollAsync(world.App, started)).Error);

        // As people type it.
        var page = await EnterAsync(world.Browser, started, ((string)started["user_code"]!).ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal)); // as above
        Assert.Contains("Meeting room screen", page.Text, StringComparison.Ordinal);
        Assert.Contains(world.Home.DisplayName, page.Text, StringComparison.Ordinal);
        Assert.Contains(world.User.PrimaryEmail!.Address, page.Text, StringComparison.Ordinal); // made with one
        Assert.Contains("127.0.0.1", page.Text.Replace("::1", "127.0.0.1", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal("slow_down", (await PollAsync(world.App, started)).Error); // nothing is approved by reading, and it asked too soon
        page = await AnswerAsync(world.Browser, page, "yes");
        Assert.Contains("connected", page.Text, StringComparison.Ordinal);

        var tokens = await PollAsync(world.App, started);
        Assert.True(tokens.IsOk, tokens.Body.ToString());
        Assert.Equal((world.User.Id.ToString(), world.Home.Id.ToString(), world.Session.Id.ToString()), ((string?)tokens.Id["sub"], (string?)tokens.Access["org_id"], (string?)tokens.Access["sid"]));
        var switched = await world.App.RefreshAsync(tokens.RefreshToken, Ct, ("organization", world.Other.Id.ToString()));
        Assert.Equal(world.Other.Id.ToString(), (string?)switched.Access["org_id"]);
        await Host.UseAsync<UserService, User>(s => s.SuspendAsync(world.User.Id, Ct));
        Assert.Equal("invalid_grant", (await world.App.RefreshAsync(switched.RefreshToken, Ct)).Error);
    }

    [Fact]
    [Trait("Attack", "D4")]
    public async Task A_code_is_used_once_and_its_replay_ends_the_grant()
    {
        var world = await WorldAsync(Device);
        var started = await StartAsync(world.App, ("organization", world.Home.Slug.Value));
        var first = await EnterAsync(world.Browser, started);
        var second = await EnterAsync(world.Browser, started);
        await AnswerAsync(world.Browser, first, "yes");

        Assert.Contains("no longer waits", (await AnswerAsync(world.Browser, second, "yes")).Text, StringComparison.Ordinal);
        Assert.Contains("not known", (await EnterAsync(world.Browser, started)).Text, StringComparison.Ordinal);
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PollAsync(world.App, started)));
        Assert.True(results.Count(r => r.IsOk) == 1, string.Join(" ", results.Select(r => r.Body.ToJsonString())));
        Assert.Equal("invalid_grant", (await PollAsync(world.App, started)).Error);
        Assert.Equal("invalid_grant", (await world.App.RefreshAsync(results.Single(r => r.IsOk).RefreshToken, Ct)).Error);
    }

    [Fact]
    public async Task No_is_access_denied()
    {
        var world = await WorldAsync(Device);
        var started = await StartAsync(world.App, ("organization", world.Home.Slug.Value));

        var page = await AnswerAsync(world.Browser, await EnterAsync(world.Browser, started), "no");

        Assert.Contains("refused", page.Text, StringComparison.Ordinal);
        Assert.Equal("access_denied", (await PollAsync(world.App, started)).Error);
    }

    [Fact]
    public async Task Without_a_session_the_person_signs_in_and_chooses_on_the_way()
    {
        var world = await WorldAsync(Device);
        var started = await StartAsync(world.App);
        var browser = new WebBrowser();

        // The link fills the code in and nothing more.
        var page = await browser.GetAsync((string)started["verification_uri_complete"]!, Ct); // always there
        Assert.Equal((string?)started["user_code"], page.Document.QuerySelector("input[name=user_code]")!.GetAttribute("value")); // the form
        page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct);
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["email"] = world.User.PrimaryEmail!.Address }, Ct); // made with one
        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["password"] = IdpHost.Password }, Ct);
        page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, button: page.Document.QuerySelector($"button[value='{world.Other.Id}']"));
        Assert.Contains(world.Other.DisplayName, page.Text, StringComparison.Ordinal);
        await AnswerAsync(browser, page, "yes");

        Assert.Equal(world.Other.Id.ToString(), (string?)(await PollAsync(world.App, started)).Access["org_id"]);
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task The_pinned_organization_is_the_only_one_and_its_policy_counts()
    {
        var world = await WorldAsync(Device);
        var foreign = await Host.CreateOrganizationAsync(Ct);
        foreach (var pin in new[] { foreign.Slug.Value, "no-such-organization" })
        {
            var started = await StartAsync(world.App, ("organization", pin));
            var page = await EnterAsync(world.Browser, started);
            Assert.Null(page.Document.QuerySelector("button[value='yes']"));
            Assert.Equal("authorization_pending", (await PollAsync(world.App, started)).Error);
        }

        // Between the page and the yes.
        var pending = await StartAsync(world.App, ("organization", world.Home.Slug.Value));
        var asked = await EnterAsync(world.Browser, pending);
        await Host.UseAsync<OrganizationService, Organization>(s => s.SuspendAsync(world.Home.Id, Ct));
        await AnswerAsync(world.Browser, asked, "yes");
        Assert.Equal("slow_down", (await PollTwiceAsync(world.App, pending)).Error);
    }

    private static async Task<TokenAnswer> PollTwiceAsync(RelyingParty app, JsonObject started)
    {
        Assert.Equal("authorization_pending", (await PollAsync(app, started)).Error);
        return await PollAsync(app, started);
    }

    [Fact]
    [Trait("Attack", "F5")]
    public async Task A_yes_of_another_site_or_of_a_forged_request_approves_nothing()
    {
        var world = await WorldAsync(Device);
        var started = await StartAsync(world.App, ("organization", world.Home.Slug.Value));
        var page = await EnterAsync(world.Browser, started);

        using var bare = new HttpRequestMessage(HttpMethod.Post, page.Address) { Content = new FormUrlEncodedContent([new("answer", "yes")]) };
        bare.Headers.Add("Cookie", world.Browser.Cookies.GetCookieHeader(new Uri(Host.Issuer)));
        using var refused = await Host.Http.SendAsync(bare, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        var authorize = await world.Browser.GetAsync(page.Address.ToString().Replace("/device/confirm", "/connect/authorize", StringComparison.Ordinal), Ct);
        Assert.Null(authorize.Document.QuerySelector("button[value='yes']"));
        var cut = await world.Browser.GetAsync(page.Address.ToString()[..^6], Ct);
        Assert.Contains("no longer waits", cut.Text, StringComparison.Ordinal);
        Assert.Equal("authorization_pending", (await PollAsync(world.App, started)).Error);
    }

    [Fact]
    [Trait("Attack", "F5")]
    public async Task The_page_that_asks_opens_only_where_the_code_was_typed()
    {
        var world = await WorldAsync(Device);
        var started = await StartAsync(world.App, ("organization", world.Home.Slug.Value));
        var page = await EnterAsync(world.Browser, started);
        var (victim, _) = await Host.SignedInAsync(world.User, Ct); // the same person's other browser, sent the address
        var other = await StartAsync(world.App, ("organization", world.Home.Slug.Value));

        foreach (var typed in new[] { null, other })
        {
            if (typed is not null) await EnterAsync(victim, typed); // a code of another device does not help
            var refused = await victim.GetAsync(page.Address, Ct);
            Assert.Null(refused.Document.QuerySelector("button[value='yes']"));
            Assert.Contains("typed in another browser", refused.Text, StringComparison.Ordinal);
        }

        Assert.Equal("authorization_pending", (await PollAsync(world.App, started)).Error);
        Assert.Contains("connected", (await AnswerAsync(world.Browser, page, "yes")).Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Attack", "B6")]
    public async Task Twelve_guesses_at_once_of_one_session_get_five_answers()
    {
        var world = await WorldAsync(Device);
        var form = await world.Browser.GetAsync(Host.Issuer + "/device", Ct);

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => world.Browser.SubmitAsync(form, new Dictionary<string, string> { ["user_code"] = $"CCCC-CC{"BCDFGHJKLMNP"[i]}B" }, Ct)));

        Assert.Equal(5, answers.Count(a => a.Text.Contains("not known", StringComparison.Ordinal)));
        Assert.Equal(7, answers.Count(a => a.Text.Contains("Too many wrong codes", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Right_codes_are_no_guesses()
    {
        var world = await WorldAsync(Device);
        for (var i = 0; i < 7; i++)
            Assert.NotNull((await EnterAsync(world.Browser, await StartAsync(world.App, ("organization", world.Home.Slug.Value)))).Document.QuerySelector("button[value='yes']"));
    }

    [Fact]
    [Trait("Attack", "B6")]
    public async Task Guesses_are_counted()
    {
        var world = await WorldAsync(Device);
        var started = await StartAsync(world.App, ("organization", world.Home.Slug.Value));

        for (var i = 0; i < 5; i++) Assert.Contains("not known", (await EnterAsync(world.Browser, started, $"BBBB-BBB{"BCDFG"[i]}")).Text, StringComparison.Ordinal);

        Assert.Contains("Too many wrong codes", (await EnterAsync(world.Browser, started)).Text, StringComparison.Ordinal); // the right one, too
    }

    [Fact]
    public async Task Only_an_app_with_the_grant_may_start_and_only_that_app_gets_the_tokens()
    {
        var world = await WorldAsync(Device);
        var other = await Host.CreateAppAsync(Ct, Device);
        var site = await Host.CreateAppAsync(Ct);

        Assert.Equal("unauthorized_client", (await site.TokenAsync([("scope", "openid")], Ct, "/connect/device")).Error);
        Assert.Equal("invalid_target", (await other.TokenAsync([("scope", "openid"), ("resource", "https://nowhere.example")], Ct, "/connect/device")).Error);
        var started = await StartAsync(world.App, ("organization", world.Home.Slug.Value));
        await AnswerAsync(world.Browser, await EnterAsync(world.Browser, started), "yes");
        var foreign = await PollAsync(other, started);
        Assert.True(foreign.Error == "invalid_grant", foreign.Body.ToString());
        Assert.Contains("cannot be used by this client", (string?)foreign.Body["error_description"], StringComparison.Ordinal); // refused for that, before anything else refuses it
        Assert.Equal("invalid_grant", (await PollAsync(world.App, started)).Error); // burnt: it has leaked
    }
}

[Collection(SqliteHost.Name)]
public sealed class DeviceFlowOnSqlite(SqliteIdp idp) : DeviceFlowTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class DeviceFlowOnPostgreSql(PostgreSqlIdp idp) : DeviceFlowTests(idp);
