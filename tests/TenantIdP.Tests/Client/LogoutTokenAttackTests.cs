using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Engine.OpenIddict.Keys;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Client;

/// <summary>What the package takes for a logout token. Each forgery differs from a good one in one thing, and most are signed by the login host's own key.</summary>
[Trait("Attack", "A11")]
public abstract class LogoutTokenAttackTests(IdpHost idp) : RelyingScene(idp)
{
    private const string Event = "http://schemas.openid.net/event/backchannel-logout";

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    private sealed class Draft
    {
        public required Dictionary<string, object> Claims { get; init; }
        public required string Issuer { get; set; }
        public required string Audience { get; set; }
        public required SigningCredentials? Key { get; set; }
        public string? Type { get; set; } = "logout+jwt";
        public DateTime? IssuedAt { get; set; } = TimeProvider.System.GetUtcNow().UtcDateTime;
        public DateTime? Expires { get; set; } = TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(2);

        public string Make() => Handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer, Audience = Audience, TokenType = Type, IssuedAt = IssuedAt, Expires = Expires, Claims = Claims, SigningCredentials = Key,
        });
    }

    [Fact]
    public async Task A_good_token_ends_the_session_and_a_copy_of_it_does_not_end_the_next_one()
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (browser, home, draft) = await SignedInAsync(app);
        var token = draft.Make();

        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, token));
        Assert.Null((await app.MeAsync(browser, Ct))["user"]);

        app.Clock.Advance(TimeSpan.FromSeconds(1));
        await app.EnterAsync(browser, home, Ct); // by the same session of the login host, so with the same sid
        Assert.NotNull((await app.MeAsync(browser, Ct))["user"]);
        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, token)); // it has been done
        Assert.NotNull((await app.MeAsync(browser, Ct))["user"]);
    }

    [Fact]
    public async Task A_token_about_one_organization_ends_the_session_there_only()
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (browser, home, draft) = await SignedInAsync(app);
        draft.Claims["org_id"] = Id<Organization>.New(TimeProvider.System.GetUtcNow()).ToString();

        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, draft.Make()));
        Assert.NotNull((await app.MeAsync(browser, Ct))["user"]);

        (draft.Claims["org_id"], draft.Claims["jti"]) = (home.ToString(), "another");
        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, draft.Make()));
        Assert.Null((await app.MeAsync(browser, Ct))["user"]);
    }

    [Fact]
    public async Task A_token_that_names_the_person_only_ends_all_of_theirs()
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (browser, _, draft) = await SignedInAsync(app);
        draft.Claims.Remove("sid");

        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, draft.Make()));

        Assert.Null((await app.MeAsync(browser, Ct))["user"]);
    }

    [Fact]
    public async Task Every_forgery_is_refused_and_the_session_lives_on()
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct);
        var (browser, _, good) = await SignedInAsync(app);
        using var rsa = RSA.Create(2048);
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        var forgeries = new Dictionary<string, Action<Draft>>
        {
            ["not signed"] = d => d.Key = null,
            ["signed by a stranger"] = d => d.Key = new SigningCredentials(new RsaSecurityKey(rsa) { KeyId = good.Key!.Kid }, "RS256"),
            ["signed by a stranger's unknown key"] = d => d.Key = new SigningCredentials(new RsaSecurityKey(rsa) { KeyId = "unknown" }, "RS256"),
            ["signed with the client secret"] = d => d.Key = new SigningCredentials(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(app.Registration.App.Secret!)), "HS256"), // a web app has one
            ["of another issuer"] = d => d.Issuer = "https://evil.example.test",
            ["for another app"] = d => d.Audience = "app_other",
            ["an id token's type"] = d => d.Type = "JWT",
            ["an access token's type"] = d => d.Type = "at+jwt",
            ["expired"] = d => (d.IssuedAt, d.Expires) = (now.AddMinutes(-4), now.AddMinutes(-2)),
            ["of the future"] = d => (d.IssuedAt, d.Expires) = (now.AddMinutes(5), now.AddMinutes(7)),
            ["living for a day"] = d => d.Expires = now.AddDays(1),
            ["without iat"] = d => d.IssuedAt = null,
            ["without exp"] = d => d.Expires = null,
            ["with a nonce"] = d => d.Claims["nonce"] = "n",
            ["without events"] = d => d.Claims.Remove("events"),
            ["about something else"] = d => d.Claims["events"] = new Dictionary<string, object> { ["http://schemas.openid.net/event/other"] = new Dictionary<string, object>() },
            ["with events of another shape"] = d => d.Claims["events"] = Event,
            ["about nobody"] = d =>
            {
                d.Claims.Remove("sub");
                d.Claims.Remove("sid");
            },
            ["without jti"] = d => d.Claims.Remove("jti"),
        };
        foreach (var (what, forge) in forgeries)
        {
            var draft = new Draft { Claims = new Dictionary<string, object>(good.Claims), Issuer = good.Issuer, Audience = good.Audience, Key = good.Key };
            forge(draft);
            Assert.True(await PostAsync(app, draft.Make()) == HttpStatusCode.BadRequest, what);
            Assert.True((await app.MeAsync(browser, Ct))["user"] is not null, what);
        }

        Assert.Equal(HttpStatusCode.OK, await PostAsync(app, good.Make())); // so that each was refused for its own reason
        Assert.Null((await app.MeAsync(browser, Ct))["user"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("logout_token=")]
    [InlineData("logout_token=a.b.c")]
    [InlineData("logout_token=a&logout_token=b")]
    [InlineData("other=1")]
    public async Task What_is_no_form_with_one_token_is_refused(string body)
    {
        await using var app = await RelyingApp.StartAsync(Idp, Ct);

        Assert.Equal(HttpStatusCode.BadRequest, await SendAsync(app, new StringContent(body, new MediaTypeHeaderValue("application/x-www-form-urlencoded"))));
        Assert.Equal(HttpStatusCode.BadRequest, await SendAsync(app, new StringContent("{}", new MediaTypeHeaderValue("application/json"))));
    }

    private async Task<(WebBrowser Browser, Id<Organization> Home, Draft Good)> SignedInAsync(RelyingApp app)
    {
        var (user, home, _) = await AnnAsync();
        var (browser, session) = await Idp.SignedInAsync(user, Ct);
        await app.EnterAsync(browser, home.Id, Ct);
        Assert.Equal(session.Id.ToString(), (string?)(await app.MeAsync(browser, Ct))["session"]);
        app.Clock.SetUtcNow(TimeProvider.System.GetUtcNow());
        return (browser, home.Id, new Draft
        {
            Issuer = Idp.Issuer, Audience = app.Registration.App.ClientId, Key = Idp.Services.GetRequiredService<KeyRing>().Active("RS256"),
            Claims = new Dictionary<string, object>
            {
                ["sub"] = user.Id.ToString(), ["sid"] = session.Id.ToString(), ["jti"] = Idp.Unique("jti"),
                ["events"] = new Dictionary<string, object> { [Event] = new Dictionary<string, object>() },
            },
        });
    }

    private static Task<HttpStatusCode> PostAsync(RelyingApp app, string token) => SendAsync(app, new FormUrlEncodedContent([new("logout_token", token)]));

    private static async Task<HttpStatusCode> SendAsync(RelyingApp app, HttpContent content)
    {
        using var client = new HttpClient();
        using var answer = await client.PostAsync(new Uri(app.Address + "/backchannel-logout"), content, Ct);
        Assert.True(answer.Headers.CacheControl?.NoStore);
        Assert.Equal("", await answer.Content.ReadAsStringAsync(Ct));
        return answer.StatusCode;
    }
}

[Collection(SqliteHost.Name)]
public sealed class LogoutTokenAttackOnSqlite(SqliteIdp idp) : LogoutTokenAttackTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class LogoutTokenAttackOnPostgreSql(PostgreSqlIdp idp) : LogoutTokenAttackTests(idp);
