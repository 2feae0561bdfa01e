using System.Net;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Tokens;

/// <summary>Apps of somebody else, which get nothing of a person who was not asked (OpenID Connect Core section 3.1.2.4).</summary>
public abstract class ConsentTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Scene(RelyingParty App, User User, Organization Organization, WebBrowser Browser) : IDisposable
    {
        public void Dispose() => Browser.Dispose();
    }

    private async Task<Scene> SceneAsync(bool required = true)
    {
        var organization = await host.CreateOrganizationAsync(Ct);
        var user = await host.CreateUserAsync($"consent@{host.UniqueHost()}", Ct);
        await host.AddMemberAsync(organization, user, Ct);
        var app = await host.CreateAppAsync(Ct, a => a with { RequireConsent = required });
        return new Scene(app, user, organization, (await host.SignedInAsync(user, Ct)).Browser);
    }

    private static Task<WebPage> AnswerAsync(Scene scene, WebPage page, string answer) =>
        scene.Browser.SubmitAsync(page, new Dictionary<string, string> { ["answer"] = answer }, Ct, stopAt: scene.App.IsCallback);

    [Fact]
    public async Task A_person_is_asked_once_and_the_app_gets_what_they_allowed()
    {
        using var scene = await SceneAsync();
        var pending = scene.App.Authorize();

        var page = await scene.Browser.GetAsync(pending.Address, Ct, scene.App.IsCallback);
        Assert.Equal("/signin/consent", page.Address.AbsolutePath);
        Assert.Contains("Your email address", page.Text, StringComparison.Ordinal);
        page = await AnswerAsync(scene, page, "yes");
        var tokens = await scene.App.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        Assert.Equal(scene.User.Id.ToString(), (string?)tokens.Id["sub"]);

        var again = await scene.Browser.GetAsync(scene.App.Authorize(("prompt", "none")).Address, Ct, scene.App.IsCallback);
        Assert.True(RelyingParty.Answer(again).ContainsKey("code"));
    }

    [Fact]
    public async Task Who_says_no_gives_nothing_and_is_asked_again()
    {
        using var scene = await SceneAsync();

        var page = await AnswerAsync(scene, await scene.Browser.GetAsync(scene.App.Authorize().Address, Ct, scene.App.IsCallback), "no");
        Assert.Equal("access_denied", RelyingParty.Answer(page)["error"]);

        var silent = await scene.Browser.GetAsync(scene.App.Authorize(("prompt", "none")).Address, Ct, scene.App.IsCallback);
        Assert.Equal("consent_required", RelyingParty.Answer(silent)["error"]);
        page = await scene.Browser.GetAsync(scene.App.Authorize().Address, Ct, scene.App.IsCallback);
        Assert.Equal("/signin/consent", page.Address.AbsolutePath);
    }

    [Fact]
    public async Task More_than_was_allowed_is_asked_for_again()
    {
        using var scene = await SceneAsync();
        var little = await scene.Browser.GetAsync(scene.App.Authorize(("scope", "openid")).Address, Ct, scene.App.IsCallback);
        await AnswerAsync(scene, little, "yes");

        var same = await scene.Browser.GetAsync(scene.App.Authorize(("scope", "openid"), ("prompt", "none")).Address, Ct, scene.App.IsCallback);
        var more = await scene.Browser.GetAsync(scene.App.Authorize(("scope", "openid email"), ("prompt", "none")).Address, Ct, scene.App.IsCallback);

        Assert.True(RelyingParty.Answer(same).ContainsKey("code"));
        Assert.Equal("consent_required", RelyingParty.Answer(more)["error"]);
    }

    [Fact]
    public async Task Another_api_than_the_person_was_asked_about_is_not_opened_by_a_later_request()
    {
        var other = $"https://{host.UniqueHost()}/api";
        await host.UseAsync<ApiService, Api>(s => s.CreateAsync(new NewApi(other, "Payments"), Ct));
        using var plain = await SceneAsync();
        var app = await host.CreateAppAsync(Ct, a => a with { RequireConsent = true, Apis = [other] });
        using var scene = plain with { App = app };
        var pending = app.Authorize();
        var page = await AnswerAsync(scene, await scene.Browser.GetAsync(pending.Address, Ct, app.IsCallback), "yes");
        var tokens = await app.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);

        var wider = await app.RefreshAsync(tokens.RefreshToken, Ct, ("resource", other));
        Assert.Equal("consent_required", (string?)wider.Body["error"]);
        Assert.True((await app.RefreshAsync(tokens.RefreshToken, Ct, ("resource", IdpHost.InvoicesApi))).IsOk); // nothing was spent
    }

    [Fact]
    public async Task An_app_of_our_own_asks_nobody_unless_it_wants_to()
    {
        using var scene = await SceneAsync(required: false);

        var plain = await scene.Browser.GetAsync(scene.App.Authorize().Address, Ct, scene.App.IsCallback);
        Assert.True(RelyingParty.Answer(plain).ContainsKey("code"));

        var asked = await scene.Browser.GetAsync(scene.App.Authorize(("prompt", "consent")).Address, Ct, scene.App.IsCallback);
        Assert.Equal("/signin/consent", asked.Address.AbsolutePath);
        Assert.True(RelyingParty.Answer(await AnswerAsync(scene, asked, "yes")).ContainsKey("code"));
        var anew = await scene.Browser.GetAsync(scene.App.Authorize(("prompt", "consent")).Address, Ct, scene.App.IsCallback);
        Assert.Equal("/signin/consent", anew.Address.AbsolutePath);
    }

    [Fact]
    [Trait("Attack", "B3")]
    public async Task The_way_back_of_one_person_opens_nothing_for_another()
    {
        using var scene = await SceneAsync();
        var victim = await host.CreateUserAsync($"victim@{host.UniqueHost()}", Ct);
        await host.AddMemberAsync(scene.Organization, victim, Ct);
        using var theirs = (await host.SignedInAsync(victim, Ct)).Browser;
        var pending = scene.App.Authorize();
        var page = await scene.Browser.GetAsync(pending.Address, Ct, scene.App.IsCallback);
        await AnswerAsync(scene, page, "yes");
        var sealedWay = scene.Browser.Trail.Last(a => a.AbsolutePath == "/connect/authorize");

        var shown = await theirs.GetAsync(sealedWay, Ct, scene.App.IsCallback);

        Assert.Equal("/signin/consent", shown.Address.AbsolutePath);
    }

    [Fact]
    [Trait("Attack", "B9")]
    public async Task A_page_that_was_shown_to_somebody_else_allows_nothing()
    {
        using var scene = await SceneAsync();
        var other = await host.CreateUserAsync($"other@{host.UniqueHost()}", Ct);
        var page = await scene.Browser.GetAsync(scene.App.Authorize().Address, Ct, scene.App.IsCallback);

        var shown = await scene.Browser.SubmitAsync(page, new Dictionary<string, string> { ["answer"] = "yes", ["person"] = other.Id.ToString() }, Ct, stopAt: scene.App.IsCallback);

        Assert.Equal("/signin/consent", shown.Address.AbsolutePath);
        var silent = await scene.Browser.GetAsync(scene.App.Authorize(("prompt", "none")).Address, Ct, scene.App.IsCallback);
        Assert.Equal("consent_required", RelyingParty.Answer(silent)["error"]);
    }

    [Fact]
    public async Task What_is_taken_back_ends_the_apps_grants_and_is_asked_again()
    {
        using var scene = await SceneAsync();
        var other = await host.CreateAppAsync(Ct);
        var pending = scene.App.Authorize();
        var page = await AnswerAsync(scene, await scene.Browser.GetAsync(pending.Address, Ct, scene.App.IsCallback), "yes");
        var tokens = await scene.App.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        var kept = await IdpHost.TokensAsync(scene.Browser, other, Ct);

        var withdrawn = await host.InScopeAsync<AppConsentService, Result>(consents => consents.WithdrawAsync(scene.User.Id, Id<App>.Parse(scene.App.App.Id, null), Ct));
        Assert.True(withdrawn.IsOk);

        Assert.Equal("invalid_grant", (await scene.App.RefreshAsync(tokens.RefreshToken, Ct)).Error);
        Assert.True((await other.RefreshAsync(kept.RefreshToken, Ct)).IsOk);
        var silent = await scene.Browser.GetAsync(scene.App.Authorize(("prompt", "none")).Address, Ct, scene.App.IsCallback);
        Assert.Equal("consent_required", RelyingParty.Answer(silent)["error"]);
    }
}

[Collection(SqliteHost.Name)]
public sealed class ConsentOnSqlite(SqliteIdp host) : ConsentTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class ConsentOnPostgreSql(PostgreSqlIdp host) : ConsentTests(host);
