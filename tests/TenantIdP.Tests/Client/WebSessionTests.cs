using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Members;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Client;

/// <summary>The life of a session: refresh, switch, outage, and its ends.</summary>
public abstract class WebSessionTests(IdpHost idp) : RelyingScene(idp)
{
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Signing_out_without_more_ends_the_session_here()
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);
        using var copy = new WebBrowser();
        copy.Cookies.Add(new Uri(app.Address), new Cookie(RelyingApp.SessionCookie, browser.Cookies.GetCookies(new Uri(app.Address))[RelyingApp.SessionCookie]!.Value)); // set by the sign-in

        await app.SendAsync(browser, HttpMethod.Post, "/signout-here", Ct);

        Assert.Null((await app.MeAsync(browser, Ct))["user"]);
        Assert.Null((await app.MeAsync(copy, Ct))["user"]);
    }

    [Fact]
    public async Task A_removed_member_is_out_at_the_next_refresh()
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);
        var member = await Idp.ReadAsync(db => { db.EnterOrganization(home.Id); return db.Memberships.SingleAsync(m => m.UserId == user.Id, Ct); });
        await Idp.UseAsync<MemberService, Member>(s => s.DeactivateAsync(home.Id, member.Id, Granter.Instance, Ct), home.Id);
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
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);
        var member = await Idp.ReadAsync(db => { db.EnterOrganization(home.Id); return db.Memberships.SingleAsync(m => m.UserId == user.Id, Ct); });
        await Idp.UseAsync<MemberService, Member>(s => s.GrantRoleAsync(home.Id, member.Id, BuiltInRoles.Member, Granter.Instance, Ct), home.Id);
        await Idp.UseAsync<MemberService, Member>(s => s.RevokeRoleAsync(home.Id, member.Id, BuiltInRoles.Admin, Granter.Instance, Ct), home.Id);

        Assert.Equal((HttpStatusCode.OK, "Switched"), await AnswerAsync(app, browser, HttpMethod.Post, "/refresh"));

        Assert.Equal((HttpStatusCode.Forbidden, ""), await AnswerAsync(app, browser, HttpMethod.Post, "/invoices"));
    }

    [Fact]
    public async Task Requests_at_once_with_an_expired_token_make_one_refresh()
    {
        const int AtOnce = 8;
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
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
    public async Task While_the_login_host_is_away_the_session_stays_without_organization_roles_and_permissions()
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);
        app.BackChannel.IsCut = true;
        app.Clock.Advance(TokenLifetime - TimeSpan.FromSeconds(10));
        Assert.Equal((HttpStatusCode.OK, "read"), await AnswerAsync(app, browser, HttpMethod.Get, "/invoices")); // due, and still good
        app.Clock.Advance(TimeSpan.FromSeconds(20));

        Assert.Equal((HttpStatusCode.Forbidden, ""), await AnswerAsync(app, browser, HttpMethod.Get, "/invoices"));
        var me = await app.MeAsync(browser, Ct);
        Assert.Equal((user.Id.ToString(), null, 0), ((string?)me["user"], (string?)me["organization"], me["roles"]!.AsArray().Count)); // who it is, and nothing that may have ended
        Assert.Equal(2, app.BackChannel.Refreshes); // tried again after a pause, not at every request

        app.BackChannel.IsCut = false;
        app.Clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal((HttpStatusCode.OK, "read"), await AnswerAsync(app, browser, HttpMethod.Get, "/invoices"));
    }

    [Fact]
    public async Task A_session_ends_at_its_time_however_often_it_was_refreshed()
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct, configured: o => o.SessionLifetime = TimeSpan.FromMinutes(12));
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);

        app.Clock.Advance(TimeSpan.FromMinutes(6));
        Assert.NotNull((await app.MeAsync(browser, Ct))["user"]);
        app.Clock.Advance(TimeSpan.FromMinutes(7));

        Assert.Null((await app.MeAsync(browser, Ct))["user"]);
    }

    [Fact]
    public async Task Signing_out_ends_the_session_here_and_there()
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);
        using var copy = new WebBrowser();
        copy.Cookies.Add(new Uri(app.Address), new Cookie(RelyingApp.SessionCookie, browser.Cookies.GetCookies(new Uri(app.Address))[RelyingApp.SessionCookie]!.Value)); // set by the sign-in

        var (_, _, location) = await app.SendAsync(browser, HttpMethod.Post, "/signout", Ct);
        var back = await browser.GetAsync(location!, Ct); // to the login host and home again
        var again = await app.EnterAsync(browser, home.Id, Ct);

        Assert.Contains("id_token_hint=", location!.Query, StringComparison.Ordinal); // as above
        Assert.Equal((app.Address + "/", "home"), (back.Address.AbsoluteUri, back.Text));
        Assert.Equal(new Uri(Idp.Issuer).Authority, again.Address.Authority); // asks who it is
        Assert.Null((await app.MeAsync(copy, Ct))["user"]);
    }

    [Fact]
    public async Task A_switch_is_granted_by_refresh_and_the_permissions_are_those_of_the_other_organization()
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, other) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
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
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, _) = await AnnAsync();
        var foreign = await Idp.CreateOrganizationAsync(Ct);
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
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
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, other) = await AnnAsync();
        await using var upstream = await TestUpstream.StartAsync(Ct);
        await Idp.VerifyDomainAsync(other, Ct);
        await Idp.ConnectAsync(other, upstream, Ct);
        await Idp.RequireSsoAsync(other, Ct);
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);

        var (status, _, location) = await app.SendAsync(browser, HttpMethod.Post, $"/switch/{other.Id}", Ct);
        var next = await browser.GetAsync(location!, Ct, address => address.Port == new Uri(upstream.Issuer).Port); // a challenge says where to go

        Assert.Equal((HttpStatusCode.Redirect, new Uri(Idp.Issuer).Authority), (status, location!.Authority)); // as above
        Assert.Equal(new Uri(upstream.Issuer).Authority, next.Address.Authority); // the organization's own provider
        Assert.Equal(home.Id.ToString(), (string?)(await app.MeAsync(browser, Ct))["organization"]);
        Assert.Equal((HttpStatusCode.OK, "Switched"), await AnswerAsync(app, browser, HttpMethod.Post, "/refresh")); // nothing was spent
    }

    [Fact]
    public async Task A_sign_in_that_fails_leaves_the_session_that_was_there()
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, _) = await AnnAsync();
        var foreign = await Idp.CreateOrganizationAsync(Ct);
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);

        var forged = await browser.GetAsync($"{app.Address}/signin-oidc?code=stolen&state=unknown", Ct);
        await app.EnterAsync(browser, foreign.Id, Ct);

        Assert.Equal(HttpStatusCode.BadRequest, forged.Status);
        Assert.Equal(["Warning: A sign-in did not complete: the answer was not accepted", "Warning: A sign-in did not complete: access_denied"], app.Logged.Lines);
        Assert.Equal(home.Id.ToString(), (string?)(await app.MeAsync(browser, Ct))["organization"]);
    }
}

[Collection(SqliteHost.Name)]
public sealed class WebSessionOnSqlite(SqliteIdp idp) : WebSessionTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class WebSessionOnPostgreSql(PostgreSqlIdp idp) : WebSessionTests(idp);
