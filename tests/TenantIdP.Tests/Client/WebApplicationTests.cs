using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Client;

/// <summary>An application made with the package, and the whole server: sign-in, permissions, the end of a membership.</summary>
public abstract class WebApplicationTests(IdpHost idp)
{
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromMinutes(5);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_person_signs_in_by_the_pages_and_the_claims_are_typed()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (user, home, _) = await AnnAsync();
        var email = await idp.ReadAsync(db => db.Users.Where(u => u.Id == user.Id).SelectMany(u => u.Emails).Select(e => e.Address).SingleAsync(Ct));
        using var browser = new WebBrowser();

        var page = await browser.GetAsync($"{app.Address}/enter?organization={home.Slug}", Ct);
        page = await browser.SubmitAsync(page, Ct, ("email", email));
        page = await browser.SubmitAsync(page, Ct, ("password", IdpHost.Password));

        Assert.Equal(app.Address + "/me", page.Address.AbsoluteUri);
        var me = await app.MeAsync(browser, Ct);
        Assert.Equal((user.Id.ToString(), "Ann Example", email), ((string?)me["user"], (string?)me["name"], (string?)me["email"]));
        Assert.Equal((home.Id.ToString(), home.Slug.ToString(), home.DisplayName.ToString()), ((string?)me["organization"], (string?)me["slug"], (string?)me["displayName"]));
        Assert.Equal([BuiltInRoles.Admin], me["roles"]!.AsArray().Select(r => (string?)r)); // Facts writes arrays
        Assert.Equal(["invoices:read", "invoices:write"], me["permissions"]!.AsArray().Select(p => (string?)p)); // as above
        Assert.Equal("urn:tenantidp:acr:1fa", (string?)me["acr"]);
        Assert.StartsWith("ses_", (string?)me["session"], StringComparison.Ordinal);
        Assert.Null(me["actor"]);
    }

    [Theory, InlineData("/invoices"), InlineData("/mvc/invoices")]
    public async Task A_permission_admits_and_without_it_the_answer_is_403(string path)
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (user, home, other) = await AnnAsync();
        var (browser, _) = await idp.SignedInAsync(user, Ct);

        await app.EnterAsync(browser, home.Id, Ct);
        Assert.Equal((HttpStatusCode.OK, "written"), await AnswerAsync(app, browser, HttpMethod.Post, path));
        Assert.Equal((HttpStatusCode.OK, "both"), await AnswerAsync(app, browser, HttpMethod.Get, "/both"));

        await app.EnterAsync(browser, other.Id, Ct); // a member there: reads, and no more
        Assert.Equal((HttpStatusCode.OK, "read"), await AnswerAsync(app, browser, HttpMethod.Get, path));
        Assert.Equal((HttpStatusCode.Forbidden, ""), await AnswerAsync(app, browser, HttpMethod.Post, path));
        Assert.Equal((HttpStatusCode.Forbidden, ""), await AnswerAsync(app, browser, HttpMethod.Get, "/both"));
    }

    [Fact]
    public async Task Without_a_session_or_with_one_that_somebody_changed_the_login_host_is_next()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        using var nobody = new WebBrowser();
        await app.EnterAsync(browser, home.Id, Ct);
        var cookie = browser.Cookies.GetCookies(new Uri(app.Address))[RelyingApp.SessionCookie]!; // set by the sign-in
        var middle = cookie.Value.Length / 2;
        Assert.True(cookie.HttpOnly);

        cookie.Value = cookie.Value[..middle] + (cookie.Value[middle] == 'A' ? 'B' : 'A') + cookie.Value[(middle + 1)..];

        foreach (var refused in (WebBrowser[])[nobody, browser])
        {
            var (status, _, location) = await app.SendAsync(refused, HttpMethod.Get, "/invoices", Ct);
            Assert.Equal((HttpStatusCode.Redirect, new Uri(idp.Issuer).Authority), (status, location?.Authority));
            Assert.Equal((HttpStatusCode.OK, "none"), await AnswerAsync(app, refused, HttpMethod.Get, "/token"));
        }
    }

    [Fact]
    public async Task Every_sign_in_has_a_session_of_its_own_and_ends_the_one_before()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);
        using var planted = new WebBrowser();
        planted.Cookies.Add(new Uri(app.Address), new Cookie(RelyingApp.SessionCookie, browser.Cookies.GetCookies(new Uri(app.Address))[RelyingApp.SessionCookie]!.Value)); // set by the sign-in
        Assert.NotNull((await app.MeAsync(planted, Ct))["user"]);

        await app.EnterAsync(browser, home.Id, Ct);

        Assert.Null((await app.MeAsync(planted, Ct))["user"]);
        Assert.NotNull((await app.MeAsync(browser, Ct))["user"]);
    }

    [Fact]
    public async Task Its_api_takes_the_sessions_access_token_and_nothing_else_of_the_session()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        using var nobody = new WebBrowser();
        await app.EnterAsync(browser, home.Id, Ct);
        var (_, token, _) = await app.SendAsync(browser, HttpMethod.Get, "/token", Ct);
        var other = await idp.CreateAppAsync(Ct, a => a with { DefaultApi = null });
        var unbound = await IdpHost.TokensAsync(browser, other, Ct, ("organization", home.Id.ToString()));

        Assert.Equal(HttpStatusCode.OK, (await app.SendAsync(nobody, HttpMethod.Get, "/api/invoices", Ct, token)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.SendAsync(browser, HttpMethod.Get, "/api/invoices", Ct)).Status); // the cookie is no credential there
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.SendAsync(nobody, HttpMethod.Get, "/api/invoices", Ct, (string)unbound.Body["id_token"]!)).Status); // there is one with openid
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.SendAsync(nobody, HttpMethod.Get, "/api/invoices", Ct, unbound.AccessToken)).Status); // for userinfo only
        Assert.Equal(HttpStatusCode.Redirect, (await app.SendAsync(nobody, HttpMethod.Get, "/invoices", Ct, token)).Status); // nor is a token in a page
    }

    [Fact]
    public async Task Signing_out_without_more_ends_the_session_here()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);
        using var copy = new WebBrowser();
        copy.Cookies.Add(new Uri(app.Address), new Cookie(RelyingApp.SessionCookie, browser.Cookies.GetCookies(new Uri(app.Address))[RelyingApp.SessionCookie]!.Value)); // set by the sign-in

        await app.SendAsync(browser, HttpMethod.Post, "/signout-here", Ct);

        Assert.Null((await app.MeAsync(browser, Ct))["user"]);
        Assert.Null((await app.MeAsync(copy, Ct))["user"]);
    }

    [Fact]
    public async Task A_path_that_names_another_organization_is_not_found()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (user, home, other) = await AnnAsync();
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);

        Assert.Equal((HttpStatusCode.OK, "theirs"), await AnswerAsync(app, browser, HttpMethod.Get, $"/organizations/{home.Id}/invoices"));
        Assert.Equal((HttpStatusCode.OK, "theirs"), await AnswerAsync(app, browser, HttpMethod.Get, $"/organizations/{home.Slug}/invoices"));
        Assert.Equal((HttpStatusCode.NotFound, ""), await AnswerAsync(app, browser, HttpMethod.Get, $"/organizations/{other.Id}/invoices"));
        Assert.Equal((HttpStatusCode.NotFound, ""), await AnswerAsync(app, browser, HttpMethod.Get, $"/misnamed/{home.Id}"));
    }

    [Fact]
    public async Task A_removed_member_is_out_at_the_next_refresh()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);
        var member = await idp.ReadAsync(db => { db.EnterOrganization(home.Id); return db.Memberships.SingleAsync(m => m.UserId == user.Id, Ct); });
        await idp.UseAsync<MemberService, Member>(s => s.DeactivateAsync(home.Id, member.Id, Granter.Instance, Ct), home.Id);
        Assert.NotNull((await app.MeAsync(browser, Ct))["user"]); // the token lives its five minutes

        app.Clock.Advance(TokenLifetime);

        Assert.Null((await app.MeAsync(browser, Ct))["user"]);
        Assert.Equal(1, app.BackChannel.Refreshes);
        Assert.Null((await app.MeAsync(browser, Ct))["user"]);
        Assert.Equal(1, app.BackChannel.Refreshes); // nothing is left to refresh
    }

    [Fact]
    public async Task A_role_that_changed_is_seen_after_a_refresh()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);
        var member = await idp.ReadAsync(db => { db.EnterOrganization(home.Id); return db.Memberships.SingleAsync(m => m.UserId == user.Id, Ct); });
        await idp.UseAsync<MemberService, Member>(s => s.GrantRoleAsync(home.Id, member.Id, BuiltInRoles.Member, Granter.Instance, Ct), home.Id);
        await idp.UseAsync<MemberService, Member>(s => s.RevokeRoleAsync(home.Id, member.Id, BuiltInRoles.Admin, Granter.Instance, Ct), home.Id);

        Assert.Equal((HttpStatusCode.OK, "Switched"), await AnswerAsync(app, browser, HttpMethod.Post, "/refresh"));

        Assert.Equal((HttpStatusCode.Forbidden, ""), await AnswerAsync(app, browser, HttpMethod.Post, "/invoices"));
    }

    [Fact]
    public async Task Requests_at_once_with_an_expired_token_make_one_refresh()
    {
        const int AtOnce = 8;
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);
        var before = await AnswerAsync(app, browser, HttpMethod.Get, "/token");
        app.Clock.Advance(TokenLifetime);

        // The refresh ends only after all of them have come.
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = 0;
        app.BackChannel.Hold = all.Task;
        app.Arriving = count =>
        {
            Interlocked.CompareExchange(ref first, count, 0);
            if (count == first + AtOnce - 1) all.SetResult();
        };
        var answers = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => AnswerAsync(app, browser, HttpMethod.Get, "/token")));
        app.Clock.Advance(TokenLifetime);
        var later = await AnswerAsync(app, browser, HttpMethod.Get, "/token"); // the family lives: no token was used twice

        Assert.Single(answers.Distinct());
        Assert.DoesNotContain(before, answers);
        Assert.Equal(2, app.BackChannel.Refreshes);
        Assert.StartsWith("ey", later.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_login_host_is_away_the_session_stays_without_permissions()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);
        app.BackChannel.IsCut = true;
        app.Clock.Advance(TokenLifetime - TimeSpan.FromSeconds(10));
        Assert.Equal((HttpStatusCode.OK, "read"), await AnswerAsync(app, browser, HttpMethod.Get, "/invoices")); // due, and still good
        app.Clock.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal((HttpStatusCode.Forbidden, ""), await AnswerAsync(app, browser, HttpMethod.Get, "/invoices"));
        Assert.Equal(user.Id.ToString(), (string?)(await app.MeAsync(browser, Ct))["user"]);
        Assert.Equal(2, app.BackChannel.Refreshes); // tried again after a pause, not at every request

        app.BackChannel.IsCut = false;
        app.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal((HttpStatusCode.OK, "read"), await AnswerAsync(app, browser, HttpMethod.Get, "/invoices"));
    }

    [Fact]
    public async Task A_session_ends_at_its_time_however_often_it_was_refreshed()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct, configured: o => o.SessionLifetime = TimeSpan.FromMinutes(12));
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);

        app.Clock.Advance(TimeSpan.FromMinutes(6));
        Assert.NotNull((await app.MeAsync(browser, Ct))["user"]);
        app.Clock.Advance(TimeSpan.FromMinutes(7));

        Assert.Null((await app.MeAsync(browser, Ct))["user"]);
    }

    [Fact]
    public async Task Signing_out_ends_the_session_here_and_there()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);
        using var copy = new WebBrowser();
        copy.Cookies.Add(new Uri(app.Address), new Cookie(RelyingApp.SessionCookie, browser.Cookies.GetCookies(new Uri(app.Address))[RelyingApp.SessionCookie]!.Value)); // set by the sign-in

        var (_, _, location) = await app.SendAsync(browser, HttpMethod.Post, "/signout", Ct);
        var back = await browser.GetAsync(location!, Ct); // to the login host and home again
        var again = await app.EnterAsync(browser, home.Id, Ct);

        Assert.Contains("id_token_hint=", location!.Query, StringComparison.Ordinal); // as above
        Assert.Equal((app.Address + "/", "home"), (back.Address.AbsoluteUri, back.Text));
        Assert.Equal(new Uri(idp.Issuer).Authority, again.Address.Authority); // asks who it is
        Assert.Null((await app.MeAsync(copy, Ct))["user"]);
    }

    [Theory, InlineData(false, HttpStatusCode.Forbidden), InlineData(true, HttpStatusCode.OK)]
    public async Task Too_many_permissions_for_a_token_are_asked_for_when_configured_and_denied_otherwise(bool asks, HttpStatusCode expected)
    {
        var api = $"https://{idp.UniqueHost()}/api";
        await idp.UseAsync<ApiService, Api>(s => s.CreateAsync(new NewApi(api, "Large")
        {
            Permissions = [new("invoices:read", ["admin"]), new("invoices:write", ["owner"]), .. Enumerable.Range(0, 120).Select(i => new ApiPermission($"{idp.Unique("large-resource-name")}:read", ["admin"]))],
        }, Ct));
        await using var app = await RelyingApp.StartAsync(
            idp, Ct, a => a with { DefaultApi = api, Scopes = [.. a.Scopes, "authorization:check"] }, o => (o.Api, o.AskWhenPermissionsOverflow) = (api, asks));
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);

        Assert.True((bool?)(await app.MeAsync(browser, Ct))["overflow"]);
        Assert.Equal(expected, (await AnswerAsync(app, browser, HttpMethod.Get, "/invoices")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await AnswerAsync(app, browser, HttpMethod.Post, "/invoices")).Status); // the owner's
        Assert.Equal(asks, !app.Logged.Lines.Any(line => line.StartsWith($"Warning: Denied invoices:read to {user.Id} in {home.Id}: the token has too many permissions", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_switch_is_granted_by_refresh_and_the_permissions_are_those_of_the_other_organization()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (user, home, other) = await AnnAsync();
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);

        Assert.Equal((HttpStatusCode.OK, $"Switched {other.Id}"), await AnswerAsync(app, browser, HttpMethod.Post, $"/switch/{other.Slug}"));

        Assert.Equal(other.Id.ToString(), (string?)(await app.MeAsync(browser, Ct))["organization"]);
        Assert.Equal((HttpStatusCode.Forbidden, ""), await AnswerAsync(app, browser, HttpMethod.Post, "/invoices"));
        Assert.Equal((HttpStatusCode.OK, "Switched"), await AnswerAsync(app, browser, HttpMethod.Post, "/refresh"));
        Assert.Equal(other.Id.ToString(), (string?)(await app.MeAsync(browser, Ct))["organization"]); // and stays there
    }

    [Fact]
    public async Task A_switch_to_where_one_is_no_member_changes_nothing()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (user, home, _) = await AnnAsync();
        var foreign = await idp.CreateOrganizationAsync(Ct);
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);
        using var nobody = new WebBrowser();

        Assert.Equal((HttpStatusCode.OK, $"NotAMember {home.Id}"), await AnswerAsync(app, browser, HttpMethod.Post, $"/switch/{foreign.Id}"));
        Assert.Equal((HttpStatusCode.OK, "SignedOut "), await AnswerAsync(app, nobody, HttpMethod.Post, $"/switch/{home.Id}"));

        Assert.Equal((HttpStatusCode.OK, "Switched"), await AnswerAsync(app, browser, HttpMethod.Post, "/refresh")); // nothing was spent
        Assert.Equal((HttpStatusCode.OK, "written"), await AnswerAsync(app, browser, HttpMethod.Post, "/invoices"));
    }

    [Fact]
    public async Task A_switch_that_needs_another_sign_in_challenges_for_the_same_organization()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (user, home, other) = await AnnAsync();
        await using var upstream = await TestUpstream.StartAsync(Ct);
        await idp.VerifyDomainAsync(other, Ct);
        await idp.ConnectAsync(other, upstream, Ct);
        await idp.RequireSsoAsync(other, Ct);
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);

        var (status, _, location) = await app.SendAsync(browser, HttpMethod.Post, $"/switch/{other.Id}", Ct);
        var next = await browser.GetAsync(location!, Ct, address => address.Port == new Uri(upstream.Issuer).Port); // a challenge says where to go

        Assert.Equal((HttpStatusCode.Redirect, new Uri(idp.Issuer).Authority), (status, location!.Authority)); // as above
        Assert.Equal(new Uri(upstream.Issuer).Authority, next.Address.Authority); // the organization's own provider
        Assert.Equal(home.Id.ToString(), (string?)(await app.MeAsync(browser, Ct))["organization"]);
        Assert.Equal((HttpStatusCode.OK, "Switched"), await AnswerAsync(app, browser, HttpMethod.Post, "/refresh")); // nothing was spent
    }

    [Fact]
    public async Task A_sign_in_that_fails_leaves_the_session_that_was_there()
    {
        await using var app = await RelyingApp.StartAsync(idp, Ct);
        var (user, home, _) = await AnnAsync();
        var foreign = await idp.CreateOrganizationAsync(Ct);
        var (browser, _) = await idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);

        var forged = await browser.GetAsync($"{app.Address}/signin-oidc?code=stolen&state=unknown", Ct);
        await app.EnterAsync(browser, foreign.Id, Ct);

        Assert.Equal(HttpStatusCode.BadRequest, forged.Status);
        Assert.Equal(home.Id.ToString(), (string?)(await app.MeAsync(browser, Ct))["organization"]);
    }

    private async Task<(User User, Organization Home, Organization Other)> AnnAsync()
    {
        var user = await idp.CreateUserAsync($"{idp.Unique("ann")}@{idp.UniqueHost()}", Ct, "Ann Example");
        var (home, other) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct));
        await idp.AddMemberAsync(home, user, Ct, BuiltInRoles.Admin);
        await idp.AddMemberAsync(other, user, Ct, BuiltInRoles.Member);
        return (user, home, other);
    }

    private static async Task<(HttpStatusCode Status, string Text)> AnswerAsync(RelyingApp app, WebBrowser browser, HttpMethod method, string path)
    {
        var (status, text, _) = await app.SendAsync(browser, method, path, Ct);
        return (status, text);
    }
}

[Collection(SqliteHost.Name)]
public sealed class WebApplicationOnSqlite(SqliteIdp idp) : WebApplicationTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class WebApplicationOnPostgreSql(PostgreSqlIdp idp) : WebApplicationTests(idp);
