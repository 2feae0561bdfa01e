using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Tokens;

/// <summary>An app that says whom it means (OpenID Connect Core section 3.1.2.1).</summary>
public abstract class IdTokenHintTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<(User User, string Email)> PersonAsync(Core.Organizations.Organization organization)
    {
        var email = $"hint@{host.UniqueHost()}";
        var user = await host.CreateUserAsync(email, Ct);
        await host.AddMemberAsync(organization, user, Ct);
        return (user, email);
    }

    private static async Task<string> IdTokenAsync(WebBrowser browser, RelyingParty app) => (await IdpHost.TokensAsync(browser, app, Ct)).IdToken;

    [Fact]
    public async Task Nobody_gets_a_silent_code_but_the_person_who_is_meant()
    {
        var organization = await host.CreateOrganizationAsync(Ct);
        var (ann, bob, app) = ((await PersonAsync(organization)).User, (await PersonAsync(organization)).User, await host.CreateAppAsync(Ct));
        using var hers = (await host.SignedInAsync(ann, Ct)).Browser;
        using var his = (await host.SignedInAsync(bob, Ct)).Browser;
        var hint = await IdTokenAsync(hers, app);

        var same = await hers.GetAsync(app.Authorize(("prompt", "none"), ("id_token_hint", hint)).Address, Ct, app.IsCallback);
        var other = await his.GetAsync(app.Authorize(("prompt", "none"), ("id_token_hint", hint)).Address, Ct, app.IsCallback);

        Assert.True(RelyingParty.Answer(same).ContainsKey("code"));
        Assert.Equal("login_required", RelyingParty.Answer(other)["error"]);
    }

    [Fact]
    public async Task Somebody_else_is_asked_to_sign_in_and_the_person_who_is_meant_goes_on()
    {
        var organization = await host.CreateOrganizationAsync(Ct);
        var ((ann, email), (bob, _), app) = (await PersonAsync(organization), await PersonAsync(organization), await host.CreateAppAsync(Ct));
        var hers = (await host.SignedInAsync(ann, Ct)).Browser;
        using var his = (await host.SignedInAsync(bob, Ct)).Browser;
        string hint;
        using (hers) hint = await IdTokenAsync(hers, app);
        var pending = app.Authorize(("id_token_hint", hint));

        var page = await his.GetAsync(pending.Address, Ct, app.IsCallback);
        Assert.Equal("/signin", page.Address.AbsolutePath);
        page = await his.SubmitAsync(page, new Dictionary<string, string> { ["email"] = email }, Ct, stopAt: app.IsCallback);
        page = await his.SubmitAsync(page, new Dictionary<string, string> { ["password"] = IdpHost.Password }, Ct, stopAt: app.IsCallback);

        var tokens = await app.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        Assert.Equal(ann.Id.ToString(), (string?)tokens.Id["sub"]);
    }
}

[Collection(SqliteHost.Name)]
public sealed class IdTokenHintOnSqlite(SqliteIdp host) : IdTokenHintTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class IdTokenHintOnPostgreSql(PostgreSqlIdp host) : IdTokenHintTests(host);
