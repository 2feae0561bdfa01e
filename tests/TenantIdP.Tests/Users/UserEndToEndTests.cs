using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Users;

/// <summary>What ends a person's access ends it for the tokens that are out already, in the whole server.</summary>
public abstract class UserEndToEndTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Scene(User Person, RelyingParty App, WebBrowser Browser, Session Session, TokenAnswer Tokens);

    private async Task<Scene> SceneAsync()
    {
        var person = await idp.CreateUserAsync($"{idp.Unique("eva")}@{idp.UniqueHost()}", Ct);
        var organization = await idp.CreateOrganizationAsync(Ct);
        await idp.AddMemberAsync(organization, person, Ct);
        var app = await idp.CreateAppAsync(Ct);
        var (browser, session) = await idp.SignedInAsync(person, Ct);
        var tokens = await IdpHost.TokensAsync(browser, app, Ct, ("organization", organization.Id.ToString()));
        Assert.Equal(HttpStatusCode.OK, (await app.UserInfoAsync(tokens.AccessToken, Ct)).Status);
        return new Scene(person, app, browser, session, tokens);
    }

    private static async Task AssertOutAsync(Scene scene)
    {
        Assert.Equal("invalid_grant", (await scene.App.RefreshAsync(scene.Tokens.RefreshToken, Ct)).Error);
        Assert.Equal(HttpStatusCode.Unauthorized, (await scene.App.UserInfoAsync(scene.Tokens.AccessToken, Ct)).Status);
        var page = await scene.Browser.GetAsync(scene.App.Authorize(("prompt", "none")).Address, Ct, scene.App.IsCallback);
        Assert.Equal("login_required", RelyingParty.Answer(page)["error"]);
    }

    [Fact]
    [Trait("Attack", "D2")]
    public async Task A_suspended_persons_tokens_and_sessions_end_at_once()
    {
        var scene = await SceneAsync();
        await idp.UseAsync<UserService, User>(u => u.SuspendAsync(scene.Person.Id, Ct));
        await AssertOutAsync(scene);

        await idp.UseAsync<UserService, User>(u => u.ResumeAsync(scene.Person.Id, Ct));
        await AssertOutAsync(scene); // resumed, and yet nothing old comes back
    }

    [Fact]
    [Trait("Attack", "D2")]
    public async Task A_revoked_sessions_tokens_end_at_once_and_no_others()
    {
        var scene = await SceneAsync();
        var (other, _) = await idp.SignedInAsync(scene.Person, Ct);
        var others = await IdpHost.TokensAsync(other, scene.App, Ct);

        await idp.UseAsync<UserSessions, bool>(async s => await s.EndAsync(scene.Person.Id, scene.Session.Id, Ct) is { Error: { } error } ? error : true);

        await AssertOutAsync(scene);
        Assert.True((await scene.App.RefreshAsync(others.RefreshToken, Ct)).IsOk);
    }

    [Fact]
    [Trait("Attack", "D10")]
    public async Task A_new_password_ends_every_session_and_family()
    {
        var scene = await SceneAsync();
        await idp.UseAsync<UserCredentials, bool>(async c => await c.SetPasswordAsync(scene.Person.Id, "another horse battery staple", Ct) is { Error: { } error } ? error : true);
        await AssertOutAsync(scene);
    }

    [Fact]
    [Trait("Attack", "D2")]
    public async Task A_merged_accounts_tokens_are_refused_and_the_survivors_stand()
    {
        var (from, into) = (await SceneAsync(), await SceneAsync());
        await idp.UseAsync<UserMerge, MergePlan>(m => m.MergeAsync(into.Person.Id, from.Person.Id, Ct));
        await AssertOutAsync(from);
        Assert.True((await into.App.RefreshAsync(into.Tokens.RefreshToken, Ct)).IsOk);
    }

    [Fact]
    [Trait("Attack", "D2")]
    public async Task An_erased_persons_tokens_are_refused()
    {
        var scene = await SceneAsync();
        await idp.UseAsync<UserErasure, User>(e => e.EraseAsync(scene.Person.Id, scene.Person.Id, Ct));
        await AssertOutAsync(scene);
    }

    private static ExternalIdentity External(Connection connection, string subject, string address) => new(connection.Issuer, subject, EmailAddress.Parse(address), true, PersonName.None, ["pwd"]);

    private async Task<Result<FederationOutcome>> SignInAsync(Connection connection, ExternalIdentity external, string? cookie = null)
    {
        await using var scope = idp.Services.CreateAsyncScope();
        var current = cookie is null ? null : await scope.ServiceProvider.GetRequiredService<SessionService>().FindAsync(cookie, Ct);
        return await scope.ServiceProvider.GetRequiredService<SignInService>().FederateAsync(connection.Id, external, new BrowserContext(current, "a racing browser"), Ct);
    }

    /// <summary>Three at once: in the browser that is signed in already, and in two new ones; the name changes the membership's row, too.</summary>
    private Task<Result<FederationOutcome>>[] Racing(Connection connection, ExternalIdentity external, string cookie) =>
        [.. new[] { cookie, null, null }.Select(c => SignInAsync(connection, external with { Name = PersonName.Cleaned("Eva the Racer", null, null) }, c))];

    private async Task<(Connection Connection, string Domain)> ConnectedAsync(TestUpstream upstream)
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        return (await idp.ConnectAsync(organization, upstream, Ct), await idp.VerifyDomainAsync(organization, Ct));
    }

    [Fact]
    public async Task A_sign_in_during_a_merge_is_the_survivors_or_ends_with_it()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (connection, domain) = await ConnectedAsync(upstream);
        for (var round = 0; round < 8; round++)
        {
            var external = External(connection, idp.Unique("subject"), $"{idp.Unique("eva")}@{domain}");
            var first = (await SignInAsync(connection, external)).Value!.SignedIn!; // made by this sign-in
            var from = first.Session.UserId;
            var into = await idp.CreateUserAsync($"{idp.Unique("eva")}@{idp.UniqueHost()}", Ct);

            var signingIn = Racing(connection, external, first.Token);
            var merging = idp.UseAsync<UserMerge, MergePlan>(m => m.MergeAsync(into.Id, from, Ct));
            var results = await Task.WhenAll(signingIn);
            await merging;

            Assert.All(results, r => Assert.True(r.IsOk || r.Error == SignInErrors.UserSuspended, r.Error?.Code));
            Assert.Equal(0, await idp.ReadAsync(db => db.Sessions.CountAsync(s => s.UserId == from && s.EndedAt == null, Ct)));
            Assert.Equal(into.Id, await idp.ReadAsync(db => db.UserIdentities.Where(i => i.ConnectionId == connection.Id && i.Subject == external.Subject).Select(i => i.UserId).SingleAsync(Ct)));
            Assert.Equal(into.Id, (await SignInAsync(connection, external)).Value!.SignedIn!.Session.UserId); // the identity is known
        }
    }

    [Fact]
    public async Task A_sign_in_during_an_unlinking_leaves_no_session_that_the_old_identity_has_proven()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (connection, domain) = await ConnectedAsync(upstream);
        for (var round = 0; round < 8; round++)
        {
            var external = External(connection, idp.Unique("subject"), $"{idp.Unique("eva")}@{domain}");
            var person = (await SignInAsync(connection, external)).Value!.SignedIn!.Session.UserId; // made by this sign-in
            var identity = await idp.ReadAsync(db => db.UserIdentities.Where(i => i.UserId == person).Select(i => i.Id).SingleAsync(Ct));
            await idp.UseAsync<UserCredentials, bool>(async c => await c.SetPasswordAsync(person, IdpHost.Password, Ct) is { Error: { } error } ? error : true); // another way in
            var first = (await SignInAsync(connection, external)).Value!.SignedIn!; // known

            var signingIn = Racing(connection, external, first.Token);
            await idp.UseAsync<UserCredentials, bool>(async c => await c.UnlinkAsync(person, identity, Ct) is { Error: { } error } ? error : true);
            await Task.WhenAll(signingIn);

            // Who signs in now has an account that is younger than the domain's proof, and is linked to it anew.
            var linked = await idp.ReadAsync(db => db.UserIdentities.Where(i => i.UserId == person).Select(i => i.LinkedAt).ToListAsync(Ct));
            var standing = await idp.ReadAsync(db => db.Sessions.Where(s => s.UserId == person && s.EndedAt == null).Select(s => s.CreatedAt).ToListAsync(Ct));
            Assert.All(standing, at => Assert.Contains(linked, since => since <= at.AddSeconds(1)));
            Assert.DoesNotContain(identity, await idp.ReadAsync(db => db.UserIdentities.Where(i => i.UserId == person).Select(i => i.Id).ToListAsync(Ct)));
        }
    }

    [Fact]
    public async Task A_sign_in_during_an_erasure_leaves_nothing_with_the_old_id()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (connection, domain) = await ConnectedAsync(upstream);
        for (var round = 0; round < 8; round++)
        {
            var external = External(connection, idp.Unique("subject"), $"{idp.Unique("eva")}@{domain}");
            var first = (await SignInAsync(connection, external)).Value!.SignedIn!; // made by this sign-in
            var person = first.Session.UserId;

            var signingIn = Racing(connection, external, first.Token);
            var erasing = idp.UseAsync<UserErasure, User>(e => e.EraseAsync(person, person, Ct));
            await Task.WhenAll(signingIn);
            await erasing;

            Assert.Equal((0, 0, 0), await idp.ReadAsync(async db => (
                await db.Sessions.CountAsync(s => s.UserId == person, Ct), await db.UserIdentities.CountAsync(i => i.UserId == person, Ct), await db.UserEmails.CountAsync(e => e.UserId == person, Ct))));
            Assert.NotEqual(person, (await SignInAsync(connection, external)).Value!.SignedIn!.Session.UserId); // a stranger again
        }
    }
}

[Collection(SqliteHost.Name)]
public sealed class UserEndToEndOnSqlite(SqliteIdp idp) : UserEndToEndTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class UserEndToEndOnPostgreSql(PostgreSqlIdp idp) : UserEndToEndTests(idp);
