using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Tokens;

/// <summary>What is left of an app that was deleted, and how often a refusal is written down.</summary>
public abstract class EndedAppTests(IdpHost idp) : EngineScene(idp)
{
    private Task DeleteAsync(string app) => Host.InScopeAsync<AppService, Result>(s => s.DeleteAsync(Id<App>.Parse(app, null), Ct));

    [Fact]
    [Trait("Attack", "D8")]
    public async Task Tokens_of_a_deleted_app_are_no_longer_active()
    {
        var reader = await Host.CreateAppAsync(Ct, app => app with { Kind = AppKind.Machine, RedirectUris = [], PostLogoutRedirectUris = [] });
        var ended = await Host.CreateAppAsync(Ct, app => app with { Kind = AppKind.Machine, RedirectUris = [], PostLogoutRedirectUris = [] });
        var token = await ended.TokenAsync([("grant_type", "client_credentials")], Ct);
        Assert.True(token.IsOk, token.Body.ToString());
        async Task<bool?> IsActiveAsync() => (bool?)(await reader.TokenAsync([("token", token.AccessToken)], Ct, "/connect/introspect")).Body["active"];

        Assert.True(await IsActiveAsync());
        await DeleteAsync(ended.App.Id);

        Assert.False(await IsActiveAsync());
        Assert.Equal("invalid_client", (await ended.TokenAsync([("grant_type", "client_credentials")], Ct)).Error);
    }

    [Fact]
    [Trait("Attack", "G5")]
    public async Task Refused_switches_are_written_down_so_often_and_no_more()
    {
        var world = await WorldAsync();
        var foreign = await Host.CreateOrganizationAsync(Ct);
        var tokens = await TokensAsync(world);
        var name = $"switch_refused {world.User.Id} {world.App.App.Id}";

        for (var i = 0; i < 23; i++) Assert.Equal("access_denied", (await world.App.RefreshAsync(tokens.RefreshToken, Ct, ("organization", foreign.Id.ToString()))).Error);

        Assert.Equal(20, await Host.ReadAsync(db => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).CountAsync(e => e.Type == "token.switch_refused" && e.TargetId == world.User.Id.ToString(), Ct)));
        Assert.Equal(20, await Host.ReadAsync(db => db.Tallies.Where(t => t.Name == name).Select(t => t.Count).SingleAsync(Ct)));
        Assert.True((await world.App.RefreshAsync(tokens.RefreshToken, Ct)).IsOk); // nothing was spent
    }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task Sixty_at_once_take_as_many_as_there_are()
    {
        var limit = new TallyLimit(Host.Unique("tally"), 7, TimeSpan.FromHours(1));
        var taken = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => Host.InScopeAsync<Tallies, bool>(t => t.TakeAsync([limit], Ct))));

        Assert.Equal(7, taken.Count(t => t));
        await Host.InScopeAsync<Tallies, int>(async t =>
        {
            await t.GiveBackAsync([limit], Ct);
            return 0;
        });
        Assert.True(await Host.InScopeAsync<Tallies, bool>(t => t.TakeAsync([limit], Ct)));
        Assert.False(await Host.InScopeAsync<Tallies, bool>(t => t.TakeAsync([new TallyLimit(Host.Unique("tally"), 1, TimeSpan.FromHours(1)), limit], Ct)));
    }

    [Fact]
    public async Task A_tally_begins_anew_when_its_time_is_over_and_is_pruned()
    {
        var name = Host.Unique("tally");
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(TimeProvider.System.GetUtcNow());
        Task<bool> TakeAsync() => Host.ReadAsync(db => new Tallies(db, clock).TakeAsync([new TallyLimit(name, 1, TimeSpan.FromMinutes(10))], Ct));

        Assert.True(await TakeAsync());
        clock.Advance(TimeSpan.FromMinutes(9));
        Assert.False(await TakeAsync());
        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.True(await TakeAsync());
        Assert.False(await TakeAsync());
        clock.Advance(TimeSpan.FromMinutes(11));
        await Host.ReadAsync(async db =>
        {
            await new Pruning(db, new Management.TestRevoker(), clock).PruneAsync(Ct);
            return 0;
        });
        Assert.False(await Host.ReadAsync(db => db.Tallies.AnyAsync(t => t.Name == name, Ct)));
    }
}

[Collection(SqliteHost.Name)]
public sealed class EndedAppsOnSqlite(SqliteIdp idp) : EndedAppTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class EndedAppsOnPostgreSql(PostgreSqlIdp idp) : EndedAppTests(idp);
