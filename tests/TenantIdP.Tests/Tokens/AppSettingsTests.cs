using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Tokens;

/// <summary>What an app's settings and secrets do at the engine.</summary>
public abstract class AppSettingsTests(IdpHost idp) : EngineScene(idp)
{
    private Task<TokenAnswer> AskAsync(RelyingParty app, string secret) =>
        new RelyingParty(Host.Issuer, app.App with { Secret = secret }, Host.Http).TokenAsync([("grant_type", "client_credentials")], Ct);

    private Task<RelyingParty> MachineAsync() => Host.CreateAppAsync(Ct, app => app with { Kind = AppKind.Machine, RedirectUris = [], PostLogoutRedirectUris = [] });

    private static Id<App> IdOf(RelyingParty app) => Id<App>.Parse(app.App.Id, null);

    [Fact]
    public async Task An_app_moves_from_one_secret_to_the_next_without_a_gap()
    {
        var app = await MachineAsync();
        var first = app.App.Secret!; // a machine has one

        var second = await Host.UseAsync<AppSecretService, MadeSecret>(s => s.CreateAsync(IdOf(app), null, null, Ct));
        Assert.True((await AskAsync(app, first)).IsOk);
        Assert.True((await AskAsync(app, second.Secret)).IsOk);

        var kept = await Host.UseAsync<AppSecretService, Page<AppSecret>>(s => s.ListAsync(IdOf(app), Ct));
        Assert.True((await Host.InScopeAsync<AppSecretService, Result>(s => s.DeleteAsync(IdOf(app), kept.Items[0].Id, Ct))).IsOk);
        Assert.Equal("invalid_client", (await AskAsync(app, first)).Error);
        Assert.True((await AskAsync(app, second.Secret)).IsOk);
        Assert.Equal("invalid_client", (await AskAsync(app, second.Kept.Hash)).Error);
    }

    [Fact]
    [Trait("Attack", "D6")]
    public async Task Of_many_changes_at_once_none_is_lost_and_a_late_one_is_told()
    {
        var app = IdOf(await Host.CreateAppAsync(Ct));

        var results = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Host.TryAsync<AppService, App>(
            s => s.UpdateAsync(app, i % 2 == 0 ? new AppChanges { DisplayName = $"Name {i}" } : new AppChanges { InitiateLoginUri = $"https://site.example/{i}" }, null, Ct))));

        var done = results.Where(r => r.IsOk).Select(r => r.Value!.Version).Order().ToList();
        Assert.All(results.Where(r => !r.IsOk), r => Assert.Equal(VersionErrors.ChangedMeanwhile, r.Error));
        Assert.Equal(Enumerable.Range(1, done.Count), done); // one after the other, each over what the one before left
        var last = await Host.UseAsync<AppService, App>(s => s.FindAsync(app, Ct));
        Assert.Equal(done.Count, last.Version);
        var stale = await Host.TryAsync<AppService, App>(s => s.UpdateAsync(app, new AppChanges { DisplayName = "Stale" }, 0, Ct));
        Assert.Equal(VersionErrors.Mismatch, stale.Error);
    }

    [Fact]
    public async Task An_app_uses_the_grants_it_names_and_no_other()
    {
        var world = await WorldAsync(app => app with { GrantTypes = [AppGrantTypes.AuthorizationCode] });
        Assert.Equal("unauthorized_client", (await world.App.TokenAsync([("grant_type", "client_credentials")], Ct)).Error);
        var both = await Host.CreateAppAsync(Ct, app => app with { GrantTypes = [AppGrantTypes.AuthorizationCode, AppGrantTypes.ClientCredentials] });
        Assert.True((await both.TokenAsync([("grant_type", "client_credentials")], Ct)).IsOk);

        var pending = world.App.Authorize(("scope", "openid"), ("organization", world.Home.Id.ToString()));
        var page = await world.Browser.GetAsync(pending.Address, Ct, world.App.IsCallback);
        var tokens = await world.App.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        Assert.True(tokens.IsOk, tokens.Body.ToString());
        Assert.Null(tokens.Body["refresh_token"]);
    }

    [Fact]
    public async Task A_claim_map_speaks_the_words_of_another_product_and_says_no_more()
    {
        ClaimRule[] map =
        [
            new("https://acme.com/org", ClaimSource.OrgId), new("org_slug", ClaimSource.OrgName, [ClaimToken.Access]), new("role", ClaimSource.Role), new("all_roles", ClaimSource.Roles),
            new("mail", ClaimSource.Email), new("org_permissions", ClaimSource.Permissions),
        ];
        var world = await WorldAsync(app => app with { ClaimMap = map });
        var tokens = await TokensAsync(world);
        var narrow = await world.App.RefreshAsync(tokens.RefreshToken, Ct, ("scope", "openid"));

        var (access, id) = (tokens.Access, tokens.Id);
        foreach (var claims in new[] { access, id })
        {
            Assert.Equal(world.Home.Id.ToString(), (string?)claims["https://acme.com/org"]);
            Assert.Equal("admin", (string?)claims["role"]);
            Assert.Equal(["admin"], Strings(claims, "all_roles"));
            Assert.Equal(["admin"], Strings(claims, "roles"));
        }

        Assert.Equal((world.Home.Slug.Value, null), ((string?)access["org_slug"], (string?)id["org_slug"]));
        Assert.Equal(["invoices:read", "invoices:write"], Strings(access, "org_permissions"));
        Assert.Null(id["org_permissions"]);
        Assert.Equal((null, world.User.PrimaryEmail!.Address), ((string?)access["mail"], (string?)id["mail"])); // made with one
        Assert.Null(narrow.Id["mail"]);
        var seen = await world.App.UserInfoAsync(tokens.AccessToken, Ct);
        Assert.Equal("admin", (string?)seen.Body["role"]);
        Assert.Null(seen.Body["org_permissions"]);
    }

    [Fact]
    public async Task An_app_shortens_its_tokens_and_never_lengthens_them()
    {
        var brief = await WorldAsync(app => app with { AccessTokenSeconds = 90, RefreshTokenDays = 1, RefreshTokenAbsoluteDays = 1 });
        var greedy = await WorldAsync(app => app with { AccessTokenSeconds = 86_400 });

        var (few, many) = (await TokensAsync(brief), await TokensAsync(greedy));

        Assert.InRange((int)few.Body["expires_in"]!, 85, 90); // always said
        Assert.InRange((int)many.Body["expires_in"]!, 1, 300); // as above
    }
}

[Collection(SqliteHost.Name)]
public sealed class AppSettingsOnSqlite(SqliteIdp idp) : AppSettingsTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class AppSettingsOnPostgreSql(PostgreSqlIdp idp) : AppSettingsTests(idp);
