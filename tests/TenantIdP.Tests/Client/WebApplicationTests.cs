using System.Net;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Client;

/// <summary>An application made with the package, and the whole server: sign-in, claims, permissions.</summary>
public abstract class WebApplicationTests(IdpHost idp) : RelyingScene(idp)
{
    [Fact]
    public async Task A_person_signs_in_by_the_pages_and_the_claims_are_typed()
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, _) = await AnnAsync();
        var email = await Idp.ReadAsync(db => db.Users.Where(u => u.Id == user.Id).SelectMany(u => u.Emails).Select(e => e.Address).SingleAsync(Ct));
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

    [Fact]
    public async Task An_answer_that_does_not_name_this_issuer_is_for_somebody_elses_request()
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
        var answer = await browser.GetAsync($"{app.Address}/enter?organization={home.Id}", Ct, address => address.AbsolutePath == "/signin-oidc");
        var query = QueryHelpers.ParseQuery(answer.Address.Query).ToDictionary(p => p.Key, p => (string?)p.Value.ToString());

        query["iss"] = "https://login.elsewhere.test";
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.GetAsync(QueryHelpers.AddQueryString(app.Address + "/signin-oidc", query), Ct)).Status);
        query.Remove("iss");
        Assert.Equal(HttpStatusCode.BadRequest, (await browser.GetAsync(QueryHelpers.AddQueryString(app.Address + "/signin-oidc", query), Ct)).Status);

        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync(answer.Address, Ct)).Status); // the one that was sent
        Assert.Equal(home.Id.ToString(), (string?)(await app.MeAsync(browser, Ct))["organization"]);
    }

    [Theory, InlineData("/invoices"), InlineData("/mvc/invoices")]
    public async Task A_permission_admits_and_without_it_the_answer_is_403(string path)
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, other) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);

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
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
        using var nobody = new WebBrowser();
        await app.EnterAsync(browser, home.Id, Ct);
        var cookie = browser.Cookies.GetCookies(new Uri(app.Address))[RelyingApp.SessionCookie]!; // set by the sign-in
        var middle = cookie.Value.Length / 2;
        Assert.True(cookie.HttpOnly);

        cookie.Value = cookie.Value[..middle] + (cookie.Value[middle] == 'A' ? 'B' : 'A') + cookie.Value[(middle + 1)..];

        foreach (var refused in (WebBrowser[])[nobody, browser])
        {
            var (status, _, location) = await app.SendAsync(refused, HttpMethod.Get, "/invoices", Ct);
            Assert.Equal((HttpStatusCode.Redirect, new Uri(Idp.Issuer).Authority), (status, location?.Authority));
            Assert.Equal((HttpStatusCode.OK, "none"), await AnswerAsync(app, refused, HttpMethod.Get, "/token"));
        }
    }

    [Fact]
    public async Task Every_sign_in_has_a_session_of_its_own_and_ends_the_one_before()
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
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
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
        using var nobody = new WebBrowser();
        await app.EnterAsync(browser, home.Id, Ct);
        var (_, token, _) = await app.SendAsync(browser, HttpMethod.Get, "/token", Ct);
        var other = await Idp.CreateAppAsync(Ct, a => a with { DefaultApi = null });
        var unbound = await IdpHost.TokensAsync(browser, other, Ct, ("organization", home.Id.ToString()));

        Assert.Equal(HttpStatusCode.OK, (await app.SendAsync(nobody, HttpMethod.Get, "/api/invoices", Ct, token)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.SendAsync(browser, HttpMethod.Get, "/api/invoices", Ct)).Status); // the cookie is no credential there
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.SendAsync(nobody, HttpMethod.Get, "/api/invoices", Ct, (string)unbound.Body["id_token"]!)).Status); // there is one with openid
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.SendAsync(nobody, HttpMethod.Get, "/api/invoices", Ct, unbound.AccessToken)).Status); // for userinfo only
        Assert.Equal(HttpStatusCode.Redirect, (await app.SendAsync(nobody, HttpMethod.Get, "/invoices", Ct, token)).Status); // nor is a token in a page
    }

    [Fact]
    public async Task A_path_that_names_another_organization_is_not_found()
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (user, home, other) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);

        Assert.Equal((HttpStatusCode.OK, "theirs"), await AnswerAsync(app, browser, HttpMethod.Get, $"/organizations/{home.Id}/invoices"));
        Assert.Equal((HttpStatusCode.OK, "theirs"), await AnswerAsync(app, browser, HttpMethod.Get, $"/organizations/{home.Slug}/invoices"));
        Assert.Equal((HttpStatusCode.NotFound, ""), await AnswerAsync(app, browser, HttpMethod.Get, $"/organizations/{other.Id}/invoices"));
        Assert.Equal((HttpStatusCode.NotFound, ""), await AnswerAsync(app, browser, HttpMethod.Get, $"/misnamed/{home.Id}"));
    }

    [Theory, InlineData(false, HttpStatusCode.Forbidden), InlineData(true, HttpStatusCode.OK)]
    public async Task Too_many_permissions_for_a_token_are_asked_for_when_configured_and_denied_otherwise(bool asks, HttpStatusCode expected)
    {
        var api = $"https://{Idp.UniqueHost()}/api";
        await Idp.UseAsync<ApiService, Api>(s => s.CreateAsync(new NewApi(api, "Large")
        {
            Permissions = [new("invoices:read", ["admin"]), new("invoices:write", ["owner"]), .. Enumerable.Range(0, 120).Select(i => new ApiPermission($"{Idp.Unique("large-resource-name")}:read", ["admin"]))],
        }, Ct));
        await using var app = await RelyingApp.StartAsync(
            Idp, Ct, a => a with { DefaultApi = api, Scopes = [.. a.Scopes, "authorization:check"] }, o => (o.Api, o.AskWhenPermissionsOverflow) = (api, asks));
        var (user, home, _) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);

        Assert.True((bool?)(await app.MeAsync(browser, Ct))["overflow"]);
        Assert.Equal(expected, (await AnswerAsync(app, browser, HttpMethod.Get, "/invoices")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await AnswerAsync(app, browser, HttpMethod.Post, "/invoices")).Status); // the owner's
        Assert.Equal(asks, !app.Logged.Lines.Any(line => line.StartsWith($"Warning: Denied invoices:read to {user.Id} in {home.Id}: the token has too many permissions", StringComparison.Ordinal)));
    }
}

[Collection(SqliteHost.Name)]
public sealed class WebApplicationOnSqlite(SqliteIdp idp) : WebApplicationTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class WebApplicationOnPostgreSql(PostgreSqlIdp idp) : WebApplicationTests(idp);
