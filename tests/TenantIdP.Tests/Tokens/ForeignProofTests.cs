using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Tokens;

/// <summary>What a proof from one organization's connection is worth in another (DESIGN.md section 6.1).</summary>
public abstract class ForeignProofTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Scene(RelyingParty App, Organization Attacker, Connection AttackerIdp, Organization Victim, User Person, WebBrowser Browser, Session Session);

    /// <summary>A member of both organizations whose only proof is the word of the first one's IdP.</summary>
    private async Task<Scene> SceneAsync(TestUpstream upstream, bool attackerHoldsTheirDomain = false)
    {
        var app = await idp.CreateAppAsync(Ct);
        var (attacker, victim) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct));
        var host = idp.UniqueHost();
        if (attackerHoldsTheirDomain) await idp.VerifyDomainAsync(attacker, Ct, host);
        var connection = await idp.ConnectAsync(attacker, upstream, Ct);
        var person = await idp.CreateUserAsync($"ceo@{host}", Ct);
        await idp.AddMemberAsync(attacker, person, Ct);
        await idp.AddMemberAsync(victim, person, Ct, BuiltInRoles.Admin);
        var (browser, session) = await idp.SignedInAsync(person, Ct, new SessionProof(connection.Id, attacker.Id, TimeProvider.System.GetUtcNow(), ["fed"]));
        await idp.ReadAsync(async db =>
        {
            db.UserIdentities.Add(UserIdentity.Link(person.Id, connection, upstream.Issuer, "ceo", "created", TimeProvider.System.GetUtcNow()));
            return await db.SaveChangesAsync(Ct);
        });
        return new Scene(app, attacker, connection, victim, person, browser, session);
    }

    [Fact]
    [Trait("Attack", "D11")]
    public async Task The_word_of_a_foreign_idp_opens_its_own_organization_only()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await SceneAsync(upstream);
        var own = await IdpHost.TokensAsync(scene.Browser, scene.App, Ct, ("organization", scene.Attacker.Id.ToString()));

        var switched = await scene.App.RefreshAsync(own.RefreshToken, Ct, ("organization", scene.Victim.Id.ToString()));
        var silent = await scene.Browser.GetAsync(scene.App.Authorize(("organization", scene.Victim.Id.ToString()), ("prompt", "none")).Address, Ct, scene.App.IsCallback);
        var asked = await scene.Browser.GetAsync(scene.App.Authorize(("organization", scene.Victim.Id.ToString())).Address, Ct, scene.App.IsCallback);

        Assert.Equal(scene.AttackerIdp.Id.ToString(), (string?)own.Access["connection_id"]);
        Assert.Equal("interaction_required", switched.Error);
        Assert.Equal("interaction_required", RelyingParty.Answer(silent)["error"]);
        Assert.StartsWith("/signin", asked.Address.AbsolutePath, StringComparison.Ordinal);
        Assert.True((await scene.App.RefreshAsync(own.RefreshToken, Ct)).IsOk);
    }

    [Fact]
    [Trait("Attack", "D11")]
    public async Task A_home_proof_counts_elsewhere_unless_that_organization_says_no()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await SceneAsync(upstream, attackerHoldsTheirDomain: true);
        var own = await IdpHost.TokensAsync(scene.Browser, scene.App, Ct, ("organization", scene.Attacker.Id.ToString()));

        var welcome = await scene.App.RefreshAsync(own.RefreshToken, Ct, ("organization", scene.Victim.Id.ToString()));
        await idp.UseAsync<OrganizationService, Organization>(s => s.UpdateAsync(scene.Victim.Id, new OrganizationChanges { AcceptHomeSso = false }, Granter.Instance, null, Ct));
        var refused = await scene.App.RefreshAsync(welcome.RefreshToken, Ct);

        Assert.True(welcome.IsOk, welcome.Body.ToString());
        Assert.Equal("interaction_required", refused.Error);
    }

    [Fact]
    [Trait("Attack", "D11")]
    public async Task A_proof_of_a_domain_that_has_lapsed_is_no_home_proof()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await SceneAsync(upstream, attackerHoldsTheirDomain: true);
        var own = await IdpHost.TokensAsync(scene.Browser, scene.App, Ct, ("organization", scene.Attacker.Id.ToString()));
        var now = TimeProvider.System.GetUtcNow();
        await idp.ReadAsync(db => db.Domains.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(d => d.OrganizationId == scene.Attacker.Id).ExecuteUpdateAsync(set => set.SetProperty(d => d.LapsedAt, now), Ct));

        var refused = await scene.App.RefreshAsync(own.RefreshToken, Ct, ("organization", scene.Victim.Id.ToString()));

        Assert.Equal("interaction_required", refused.Error);
        Assert.True((await scene.App.RefreshAsync(own.RefreshToken, Ct)).IsOk); // at home it goes on
    }

    [Fact]
    [Trait("Attack", "A9")]
    public async Task A_disabled_connection_ends_the_refresh_of_its_sessions()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await SceneAsync(upstream);
        var tokens = await IdpHost.TokensAsync(scene.Browser, scene.App, Ct, ("organization", scene.Attacker.Id.ToString()));
        await idp.UseAsync<ConnectionService, Connection>(s => s.DisableAsync(scene.Attacker.Id, scene.AttackerIdp.Id, Ct), scene.Attacker.Id);

        Assert.Equal("invalid_grant", (await scene.App.RefreshAsync(tokens.RefreshToken, Ct)).Error);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await scene.App.UserInfoAsync(tokens.AccessToken, Ct)).Status);
    }

    [Fact]
    [Trait("Attack", "D1")]
    public async Task A_step_up_lets_the_old_family_in_too()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var app = await idp.CreateAppAsync(Ct);
        var (plain, strict) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct));
        var host = await idp.VerifyDomainAsync(strict, Ct);
        await idp.ConnectAsync(strict, upstream, Ct);
        await idp.RequireSsoAsync(strict, Ct);
        var person = await idp.CreateUserAsync($"ann@{host}", Ct);
        await idp.AddMemberAsync(plain, person, Ct);
        await idp.AddMemberAsync(strict, person, Ct);
        var (browser, _) = await idp.SignedInAsync(person, Ct);
        var tokens = await IdpHost.TokensAsync(browser, app, Ct, ("organization", plain.Id.ToString()));
        var before = await app.RefreshAsync(tokens.RefreshToken, Ct, ("organization", strict.Id.ToString()));
        upstream.SignsIn("ann-1", $"ann@{host}");

        // The app repeats authorize with the organization; the sign-in goes to its connection and comes back.
        var pending = app.Authorize(("organization", strict.Id.ToString()));
        var page = await browser.GetAsync(pending.Address, Ct, app.IsCallback);
        if (!app.IsCallback(page.Address)) page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["email"] = $"ann@{host}" }, Ct, stopAt: app.IsCallback);
        var stepped = await app.RedeemAsync(RelyingParty.Answer(page)["code"], pending.Verifier, Ct);
        var after = await app.RefreshAsync(tokens.RefreshToken, Ct, ("organization", strict.Id.ToString()));

        Assert.Equal("interaction_required", before.Error);
        Assert.Equal(strict.Id.ToString(), (string?)stepped.Access["org_id"]);
        Assert.True(after.IsOk, after.Body.ToString());
        Assert.Equal(strict.Id.ToString(), (string?)after.Access["org_id"]);
    }

    [Fact]
    public async Task Without_an_organization_only_a_word_about_the_whole_account_counts()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await SceneAsync(upstream);
        var member = await idp.ReadAsync(async db =>
        {
            db.EnterOrganization(scene.Attacker.Id);
            return await Task.FromResult(db.Memberships.Single(m => m.UserId == scene.Person.Id));
        });
        await idp.UseAsync<Core.Members.MemberService, bool>(async s => (await s.RemoveAsync(scene.Attacker.Id, member.Id, Granter.Instance, Ct)).IsOk, scene.Attacker.Id);

        // One organization is left, the victim's: a session of the attacker's making must not slip into it.
        var silent = await scene.Browser.GetAsync(scene.App.Authorize(("prompt", "none")).Address, Ct, scene.App.IsCallback);

        Assert.Equal("interaction_required", RelyingParty.Answer(silent)["error"]);
    }
}

[Collection(SqliteHost.Name)]
public sealed class ForeignProofOnSqlite(SqliteIdp idp) : ForeignProofTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class ForeignProofOnPostgreSql(PostgreSqlIdp idp) : ForeignProofTests(idp);
