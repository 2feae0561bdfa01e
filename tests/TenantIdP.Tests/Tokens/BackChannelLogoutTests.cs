using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using TenantIdP.Tests.Client;
using Xunit;

namespace TenantIdP.Tests.Tokens;

/// <summary>OpenID Connect Back-Channel Logout 1.0, from the change to the app's session.</summary>
[Trait("Attack", "D10")]
public abstract class BackChannelLogoutTests(IdpHost idp) : RelyingScene(idp)
{
    private const string Event = "http://schemas.openid.net/event/backchannel-logout";

    /// <summary>What is promised, and what a machine that does much else may take.</summary>
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(5), Patience = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task A_removed_member_is_out_of_that_organizations_app_within_five_seconds_and_stays_in_another()
    {
        await using var ours = await AppAsync("ours");
        await using var theirs = await AppAsync("theirs");
        var (user, home, other) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
        await ours.EnterAsync(browser, home.Id, Ct);
        await theirs.EnterAsync(browser, other.Id, Ct);

        var watch = Stopwatch.StartNew();
        await RemoveAsync(home, user);
        await UntilOutAsync(ours, browser);

        Assert.True(watch.Elapsed < Promised, $"{watch.Elapsed}");
        Assert.NotNull((await theirs.MeAsync(browser, Ct))["user"]);
    }

    [Fact]
    public async Task A_sign_out_at_one_app_reaches_the_others()
    {
        await using var ours = await AppAsync("ours");
        await using var theirs = await AppAsync("theirs");
        var (user, home, other) = await AnnAsync();
        var (browser, _) = await Idp.SignedInAsync(user, Ct);
        await ours.EnterAsync(browser, home.Id, Ct);
        await theirs.EnterAsync(browser, other.Id, Ct);

        var (_, _, location) = await ours.SendAsync(browser, HttpMethod.Post, "/signout", Ct);
        await browser.GetAsync(location!, Ct); // to the login host, where the session ends

        await UntilOutAsync(theirs, browser);
    }

    [Fact]
    public async Task An_ended_session_reaches_every_app_that_got_tokens_from_it_and_no_other_session()
    {
        await using var ours = await AppAsync("ours");
        await using var theirs = await AppAsync("theirs");
        var (user, home, other) = await AnnAsync();
        var (browser, session) = await Idp.SignedInAsync(user, Ct);
        var (elsewhere, _) = await Idp.SignedInAsync(user, Ct);
        await ours.EnterAsync(browser, home.Id, Ct);
        await theirs.EnterAsync(browser, other.Id, Ct);
        await ours.EnterAsync(elsewhere, home.Id, Ct);

        Assert.True((await Idp.InScopeAsync<UserSessions, Result>(s => s.EndAsync(user.Id, session.Id, Ct))).IsOk);

        await UntilOutAsync(ours, browser);
        await UntilOutAsync(theirs, browser);
        Assert.NotNull((await ours.MeAsync(elsewhere, Ct))["user"]);
    }

    [Fact]
    [Trait("Fault", "R16")]
    public async Task An_app_that_is_down_is_told_later_under_the_same_id_by_a_fresh_token_of_the_rules()
    {
        await using var receiver = await LogoutReceiver.StartAsync(Ct);
        receiver.Answer = arrival => arrival == 1 ? 503 : 200;
        var app = await Idp.CreateAppAsync(Ct, a => a with { BackchannelLogoutUri = receiver.Address, IdTokenAlgorithm = "ES256" });
        var (user, home, _) = await AnnAsync();
        var (browser, session) = await Idp.SignedInAsync(user, Ct);
        var tokens = await IdpHost.TokensAsync(browser, app, Ct, ("organization", home.Id.ToString()));

        await Idp.InScopeAsync<UserSessions, Result>(s => s.EndAsync(user.Id, session.Id, Ct));
        var (first, second) = (await receiver.NextAsync(Patience, Ct), await receiver.NextAsync(Patience, Ct));

        var (a, b) = (Jwt.Payload(first), Jwt.Payload(second));
        Assert.Equal((string?)a["jti"], (string?)b["jti"]);
        Assert.True((long)b["iat"]! > (long)a["iat"]!, $"{a} {b}"); // it has one
        Assert.NotEqual(first, second);
        var header = Jwt.Header(second);
        Assert.Equal(("logout+jwt", "ES256"), ((string?)header["typ"], (string?)header["alg"]));
        Assert.Equal((string?)Jwt.Header((string)tokens.Body["id_token"]!)["kid"], (string?)header["kid"]); // the key of its id tokens
        Assert.Equal((Idp.Issuer, app.App.ClientId, user.Id.ToString(), session.Id.ToString()), ((string?)b["iss"], (string?)b["aud"], (string?)b["sub"], (string?)b["sid"]));
        Assert.Equal((string?)tokens.Id["sid"], (string?)b["sid"]);
        Assert.Equal(120, (long)b["exp"]! - (long)b["iat"]!);
        Assert.Equal("{}", b["events"]![Event]!.ToJsonString());
        Assert.Null(b["nonce"]);
        Assert.Null(b["org_id"]); // all of the session
        var row = await DeliveredAsync((string)b["jti"]!);
        Assert.Equal(2, row.Attempts);
    }

    [Fact]
    public async Task Of_two_families_of_one_session_the_one_whose_membership_ended_is_named_by_its_organization()
    {
        await using var receiver = await LogoutReceiver.StartAsync(Ct);
        var app = await Idp.CreateAppAsync(Ct, a => a with { BackchannelLogoutUri = receiver.Address });
        var (user, home, other) = await AnnAsync();
        var (browser, session) = await Idp.SignedInAsync(user, Ct);
        await IdpHost.TokensAsync(browser, app, Ct, ("organization", home.Id.ToString()));
        var second = await IdpHost.TokensAsync(browser, app, Ct, ("organization", other.Id.ToString()));

        await RemoveAsync(home, user);
        var token = Jwt.Payload(await receiver.NextAsync(Patience, Ct));
        Assert.Equal((home.Id.ToString(), session.Id.ToString()), ((string?)token["org_id"], (string?)token["sid"]));
        Assert.True((await app.RefreshAsync(second.RefreshToken, Ct)).IsOk); // the other family goes on

        await Idp.InScopeAsync<UserSessions, Result>(s => s.EndAsync(user.Id, session.Id, Ct));
        Assert.Null(Jwt.Payload(await receiver.NextAsync(Patience, Ct))["org_id"]);
        Assert.Equal(2, receiver.Tokens.Count);
    }

    [Fact]
    public async Task A_session_that_moved_to_another_organization_is_left_alone_when_the_first_membership_ends()
    {
        await using var receiver = await LogoutReceiver.StartAsync(Ct);
        var app = await Idp.CreateAppAsync(Ct, a => a with { BackchannelLogoutUri = receiver.Address });
        var (user, home, other) = await AnnAsync();
        var (browser, session) = await Idp.SignedInAsync(user, Ct);
        var tokens = await IdpHost.TokensAsync(browser, app, Ct, ("organization", home.Id.ToString()));
        Assert.True((await app.RefreshAsync(tokens.RefreshToken, Ct, ("organization", other.Id.ToString()))).IsOk);

        await RemoveAsync(home, user);

        Assert.Empty(await MessagesOfAsync(session.Id));
    }

    public enum End
    {
        Suspension,
        Erasure,
        Password,
        Deactivation,
        OrganizationSuspension,
        OrganizationDeletion,
    }

    [Theory]
    [InlineData(End.Suspension, false)]
    [InlineData(End.Erasure, false)]
    [InlineData(End.Password, false)]
    [InlineData(End.Deactivation, true)]
    [InlineData(End.OrganizationSuspension, true)]
    [InlineData(End.OrganizationDeletion, true)]
    public async Task Whatever_ends_access_is_told_in_the_same_transaction(End end, bool ofOrganization)
    {
        await using var receiver = await LogoutReceiver.StartAsync(Ct);
        var app = await Idp.CreateAppAsync(Ct, a => a with { BackchannelLogoutUri = receiver.Address });
        var (user, home, _) = await AnnAsync();
        var (browser, session) = await Idp.SignedInAsync(user, Ct);
        await IdpHost.TokensAsync(browser, app, Ct, ("organization", home.Id.ToString()));

        await EndAsync(end, user, home);

        Assert.Single(await MessagesOfAsync(session.Id)); // there with the change, whatever becomes of its delivery
        var token = Jwt.Payload(await receiver.NextAsync(Patience, Ct));
        Assert.Equal((session.Id.ToString(), ofOrganization ? home.Id.ToString() : null), ((string?)token["sid"], (string?)token["org_id"]));
    }

    [Fact]
    public async Task Disabling_a_connection_tells_the_apps_of_its_organization_whose_grants_rest_on_it()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        await using var receiver = await LogoutReceiver.StartAsync(Ct);
        var app = await Idp.CreateAppAsync(Ct, a => a with { BackchannelLogoutUri = receiver.Address });
        var (user, home, other) = await AnnAsync();
        var connection = await Idp.ConnectAsync(home, upstream, Ct);
        var now = TimeProvider.System.GetUtcNow();
        var (browser, session) = await Idp.SignedInAsync(user, Ct, SessionProof.Password(now), new SessionProof(connection.Id, home.Id, now, ["fed"]));
        var (local, unaffected) = await Idp.SignedInAsync(user, Ct);
        await IdpHost.TokensAsync(browser, app, Ct, ("organization", home.Id.ToString()));
        await IdpHost.TokensAsync(local, app, Ct, ("organization", home.Id.ToString()));

        await Idp.UseAsync<ConnectionService, Connection>(s => s.DisableAsync(home.Id, connection.Id, Ct), home.Id);

        Assert.Equal(session.Id.ToString(), (string?)Jwt.Payload(await receiver.NextAsync(Patience, Ct))["sid"]);
        Assert.Empty(await MessagesOfAsync(unaffected.Id));
        Assert.NotEqual(home.Id, other.Id);
    }

    [Fact]
    [Trait("Attack", "R16")]
    public async Task Switching_a_connection_on_and_off_again_and_again_tells_an_app_that_is_down_once_more_at_most()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var app = await Idp.CreateAppAsync(Ct, a => a with { BackchannelLogoutUri = "https://app.example.test/logout" });
        var (user, home, _) = await AnnAsync();
        var connection = await Idp.ConnectAsync(home, upstream, Ct);
        var now = TimeProvider.System.GetUtcNow();
        var (browser, session) = await Idp.SignedInAsync(user, Ct, SessionProof.Password(now), new SessionProof(connection.Id, home.Id, now, ["fed"]));
        await IdpHost.TokensAsync(browser, app, Ct, ("organization", home.Id.ToString()));

        for (var i = 0; i < 6; i++)
        {
            await Idp.UseAsync<ConnectionService, Connection>(s => s.DisableAsync(home.Id, connection.Id, Ct), home.Id);
            await Idp.UseAsync<ConnectionService, Connection>(s => s.ActivateAsync(home.Id, connection.Id, "a test", Granter.Instance, Ct), home.Id);
        }

        var told = await MessagesOfAsync(session.Id);
        Assert.InRange(told.Count, 1, 2); // one that was tried, and one that waits
        Assert.All(told, m => Assert.EndsWith($":{app.App.Id}@{home.Id}", m.Destination, StringComparison.Ordinal)); // others' sign-outs of the app take turns of their own
        await Idp.InScopeAsync<UserSessions, Result>(s => s.EndAsync(user.Id, session.Id, Ct));
        Assert.Equal(told.Count + 1, (await MessagesOfAsync(session.Id)).Count); // this says more
    }

    [Fact]
    public async Task A_change_that_is_rolled_back_tells_nobody()
    {
        var app = await Idp.CreateAppAsync(Ct, a => a with { BackchannelLogoutUri = "https://app.example.test/logout" });
        var (user, home, _) = await AnnAsync();
        var (browser, session) = await Idp.SignedInAsync(user, Ct);
        await IdpHost.TokensAsync(browser, app, Ct, ("organization", home.Id.ToString()));

        await Idp.InScopeAsync<IServiceProvider, bool>(async scope =>
        {
            var (db, id) = (scope.GetRequiredService<IdpDbContext>(), session.Id.ToString());
            await using var transaction = await db.Database.BeginTransactionAsync(Ct);
            await scope.GetRequiredService<SessionService>().EndAsync(await db.Sessions.SingleAsync(s => s.Id == session.Id, Ct), Ct);
            Assert.Equal(1, await db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).CountAsync(m => m.OrderingKey.EndsWith(id), Ct)); // there, until
            await transaction.RollbackAsync(Ct);
            return true;
        });

        Assert.Empty(await MessagesOfAsync(session.Id));
    }

    [Fact]
    public async Task Discovery_says_that_it_is_supported()
    {
        var discovery = JsonNode.Parse(await Idp.Http.GetStringAsync(new Uri($"{Idp.Issuer}/.well-known/openid-configuration"), Ct))!;

        Assert.True((bool)discovery["backchannel_logout_supported"]!);
        Assert.True((bool)discovery["backchannel_logout_session_supported"]!);
    }

    private Task<RelyingApp> AppAsync(string name) =>
        RelyingApp.StartAsync(Idp, Ct, wanted => wanted with { BackchannelLogoutUri = new Uri(new Uri(wanted.RedirectUris[0]), "/backchannel-logout").AbsoluteUri }, o => o.CookieName = name);

    private static async Task UntilOutAsync(RelyingApp app, WebBrowser browser)
    {
        var watch = Stopwatch.StartNew();
        while ((await app.MeAsync(browser, Ct))["user"] is not null) Assert.True(watch.Elapsed < Patience, "Still signed in.");
    }

    private async Task RemoveAsync(Organization organization, User user)
    {
        var member = await Idp.InScopeAsync<IdpDbContext, Id<Membership>>(db => db.Memberships.Where(m => m.UserId == user.Id).Select(m => m.Id).SingleAsync(Ct), organization.Id);
        Assert.True((await Idp.InScopeAsync<MemberService, Result>(s => s.RemoveAsync(organization.Id, member, Granter.Instance, Ct), organization.Id)).IsOk);
    }

    private Task<List<OutboxMessage>> MessagesOfAsync(Id<Session> session)
    {
        var id = session.ToString();
        return Idp.ReadAsync(db => db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().Where(m => m.OrderingKey.EndsWith(id)).ToListAsync(Ct));
    }

    private async Task<OutboxMessage> DeliveredAsync(string id)
    {
        var wanted = Id<OutboxMessage>.Parse(id, null);
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var row = await Idp.ReadAsync(db => db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().SingleAsync(m => m.Id == wanted, Ct));
            if (row.State == OutboxState.Delivered) return row;
            Assert.True(watch.Elapsed < Patience, row.LastError);
        }
    }

    private async Task EndAsync(End end, User user, Organization home)
    {
        switch (end)
        {
            case End.Suspension:
                await Idp.UseAsync<UserService, User>(s => s.SuspendAsync(user.Id, Ct));
                break;
            case End.Erasure:
                await Idp.UseAsync<UserErasure, User>(s => s.EraseAsync(user.Id, user.Id, Ct));
                break;
            case End.Password:
                Assert.True((await Idp.InScopeAsync<UserCredentials, Result>(s => s.SetPasswordAsync(user.Id, "another horse battery staple", Ct))).IsOk);
                break;
            case End.Deactivation:
                var member = await Idp.InScopeAsync<IdpDbContext, Id<Membership>>(db => db.Memberships.Where(m => m.UserId == user.Id).Select(m => m.Id).SingleAsync(Ct), home.Id);
                await Idp.UseAsync<MemberService, Member>(s => s.DeactivateAsync(home.Id, member, Granter.Instance, Ct), home.Id);
                break;
            case End.OrganizationSuspension:
                await Idp.UseAsync<OrganizationService, Organization>(s => s.SuspendAsync(home.Id, Ct));
                break;
            default:
                await Idp.UseAsync<OrganizationDeletion, Organization>(s => s.DeleteAsync(home.Id, null, Ct));
                break;
        }
    }
}

[Collection(SqliteHost.Name)]
public sealed class BackChannelLogoutOnSqlite(SqliteIdp idp) : BackChannelLogoutTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class BackChannelLogoutOnPostgreSql(PostgreSqlIdp idp) : BackChannelLogoutTests(idp);
