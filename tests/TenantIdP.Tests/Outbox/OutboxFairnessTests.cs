using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Server.Background;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Outbox;

/// <summary>Nobody's backlog, slow hosts or replays hold up the messages of others.</summary>
public abstract class OutboxFairnessTests(TestStore store)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Attack", "R16")]
    public async Task A_long_backlog_is_put_off_once_however_often_its_first_message_fails_and_hides_nobody()
    {
        const int Behind = 1_200;
        var scene = new OutboxScene(store);
        var fails = true;
        scene.Receive = (_, text, _) => Task.FromResult<OutboxOutcome>((fails && text == "0") || text == "3" ? new OutboxOutcome.Retry("429") : new OutboxOutcome.Delivered());
        await AddManyAsync(scene, Behind);
        await scene.AddAsync("other", Ct, key: "b");
        var drainer = scene.NewDrainer();

        await drainer.DrainAsync(Ct);

        Assert.Equal(["0", "other"], scene.Texts.Order());
        var waiting = await BehindAsync();
        var until = Assert.Single(waiting.Select(m => m.DueAt).Distinct());
        Assert.Equal(Behind - 1, waiting.Count);
        Assert.Equal(scene.Clock.GetUtcNow() + OutboxClaims.Parked, until, TimeSpan.FromMilliseconds(1));

        scene.Clock.Advance(TimeSpan.FromMinutes(2));
        await drainer.DrainAsync(Ct);
        Assert.Equal(2, scene.Texts.Count(t => t == "0"));
        Assert.All(await BehindAsync(), m => Assert.Equal(until, m.DueAt)); // not written again

        fails = false;
        scene.Clock.Advance(TimeSpan.FromMinutes(20));
        await drainer.DrainAsync(Ct);
        Assert.Equal(["0", "1", "2", "3"], scene.Texts[^4..]);

        async Task<List<OutboxMessage>> BehindAsync() => (await scene.RowsAsync(Ct)).FindAll(m => m.OrderingKey.EndsWith(":k", StringComparison.Ordinal) && m.Sequence > 0);
    }

    [Fact]
    public async Task What_waits_behind_others_is_found_again_even_if_nobody_let_it_go()
    {
        var scene = new OutboxScene(store);
        scene.Receive = (_, text, _) => Task.FromResult<OutboxOutcome>(text == "0" ? new OutboxOutcome.Held(TimeSpan.FromDays(1)) : new OutboxOutcome.Delivered());
        await AddManyAsync(scene, 2);
        await scene.NewDrainer().DrainAsync(Ct);
        await scene.UseAsync<IdpDbContext, bool>(async (db, _) =>
        {
            var first = (await scene.RowsAsync(Ct))[0];
            db.OutboxMessages.Remove(first); // as somebody does in the database
            await db.SaveChangesAsync(Ct);
            return true;
        });

        await scene.NewDrainer().DrainAsync(Ct);
        Assert.Equal(["0"], scene.Texts);
        scene.Clock.Advance(OutboxClaims.Parked + TimeSpan.FromSeconds(1));
        await scene.NewDrainer().DrainAsync(Ct);
        Assert.Equal(["0", "1"], scene.Texts);
    }

    [Fact]
    public async Task The_end_of_an_older_message_lets_go_neither_what_is_being_delivered_nor_what_is_to_be_tried_later()
    {
        var scene = new OutboxScene(store);
        scene.Receive = (_, text, _) => Task.FromResult<OutboxOutcome>(text == "later" ? new OutboxOutcome.Retry("503") : new OutboxOutcome.Delivered());
        await scene.AddAsync("later", Ct, key: "a", change: m => m with { Sequence = 5 });
        await scene.NewDrainer().DrainAsync(Ct);
        await scene.AddAsync("taken", Ct, key: "b", change: m => m with { Sequence = 6 });
        Assert.Single(await scene.ClaimAndDieAsync(Ct));
        var before = await scene.RowsAsync(Ct);

        await scene.AddAsync("older", Ct, key: "a", change: m => m with { Sequence = 3 });
        await scene.AddAsync("older", Ct, key: "b", change: m => m with { Sequence = 4 });
        await scene.NewDrainer().DrainAsync(Ct);

        Assert.Equal(["later", "older", "older"], scene.Texts);
        foreach (var row in before)
        {
            var now = await scene.RowAsync(row.Id, Ct);
            Assert.Equal((row.DueAt, row.ClaimedBy, row.Attempts), (now.DueAt, now.ClaimedBy, now.Attempts));
        }
    }

    [Fact]
    public async Task A_replayed_message_comes_after_those_that_wait_and_before_those_that_are_written_later()
    {
        var scene = new OutboxScene(store);
        var refuses = true;
        scene.Receive = (_, text, _) => Task.FromResult<OutboxOutcome>(refuses && text == "dead" ? new OutboxOutcome.Dead("x") : new OutboxOutcome.Delivered());
        var dead = await scene.AddAsync("dead", Ct, change: m => m with { Sequence = long.MaxValue - 1 }); // a place of its own, far behind
        await scene.NewDrainer().DrainAsync(Ct);
        refuses = false;

        await scene.AddAsync("waits", Ct, change: m => m with { Sequence = 10 });
        Assert.Equal(11, (await scene.ReplayAsync(dead.Id, Ct)).Value!.Sequence);
        await scene.AddAsync("later", Ct, change: m => m with { Sequence = 12 });
        await scene.NewDrainer().DrainAsync(Ct);

        Assert.Equal(["dead", "waits", "dead", "later"], scene.Texts);
    }

    [Fact]
    [Trait("Attack", "R16")]
    public async Task Organizations_with_many_slow_hosts_take_three_slots_each_and_leave_six_to_what_goes_elsewhere()
    {
        const int Organizations = 5, Hosts = 6;
        var scene = new OutboxScene(store) { IsToChosenAddress = true };
        var own = scene.Kind + "_own";
        for (var o = 0; o < Organizations; o++)
        {
            var organization = await store.NewOrganizationAsync(Ct);
            for (var h = 0; h < Hosts; h++) await scene.AddAsync("slow", Ct, key: $"{o}-{h}", change: m => m with { Organization = organization });
        }

        for (var i = 0; i < OutboxRoom.Reserved + 1; i++)
        {
            var key = $"{own}:{i}";
            await scene.AddAsync("own", Ct, change: m => m with { Kind = own, OrderingKey = key, Destination = key });
        }

        OutboxKind[] kinds = [scene.OutboxKind, new(own, TimeSpan.FromSeconds(1), scene.Schedule)];
        var running = new List<OutboxMessage>();
        for (var look = 0; look < 5; look++) running.AddRange(await ClaimAsync(scene, kinds, running));

        Assert.Equal(OutboxDrainer.Parallel, running.Count);
        Assert.Equal(OutboxDrainer.Parallel - OutboxRoom.Reserved, running.Count(m => m.Kind == scene.Kind));
        Assert.All(running.Where(m => m.Kind == scene.Kind).GroupBy(m => m.OrganizationId), g => Assert.InRange(g.Count(), 1, OutboxRoom.PerOrganization));
    }

    [Fact]
    [Trait("Attack", "R16")]
    public async Task One_organizations_messages_to_an_app_leave_room_for_anothers_and_the_app_never_takes_all_slots()
    {
        var scene = new OutboxScene(store);
        for (var i = 0; i < 20; i++) await scene.AddAsync("many", Ct, key: $"m{i}", destination: $"{scene.Kind}:app@a");
        foreach (var organization in new[] { "b", "c", "d" }) await AddTwoAsync(organization);
        await scene.AddAsync("elsewhere", Ct, key: "e");

        var running = new List<OutboxMessage>();
        for (var look = 0; look < 5; look++) running.AddRange(await ClaimAsync(scene, [scene.OutboxKind], running));

        Assert.Equal(OutboxRoom.PerReceiver + 1, running.Count);
        Assert.All(running.GroupBy(m => m.Destination), g => Assert.InRange(g.Count(), 1, OutboxRoom.PerDestination));
        // Which of the others is chance: ids of one moment have no order.
        Assert.Contains(running, m => m.Destination.Contains(":app@", StringComparison.Ordinal) && !m.Destination.EndsWith("@a", StringComparison.Ordinal));

        async Task AddTwoAsync(string organization)
        {
            for (var i = 0; i < 2; i++) await scene.AddAsync(organization, Ct, key: $"{organization}{i}", destination: $"{scene.Kind}:app@{organization}");
        }
    }

    [Fact]
    public async Task What_waits_and_was_never_tried_is_not_added_again_and_what_is_being_sent_is()
    {
        var scene = new OutboxScene(store);
        await scene.AddAsync("x", Ct);
        Assert.Equal(1, await AddAsync("k", "other")); // the waiting one has that key, and another destination
        Assert.Equal(0, await AddAsync("k", "other"));
        Assert.Equal(1, await AddAsync("l", "l", "l"));
        Assert.Equal(2, (await scene.ClaimAndDieAsync(Ct)).Count);
        Assert.Equal(0, await AddAsync("k", "other")); // it waits behind the one that is being sent
        Assert.Equal(1, await AddAsync("k", $"{scene.Kind}:k"));
        Assert.Equal(1, await AddAsync("l", "l"));
        Assert.Equal(0, await AddAsync("l", "l"));

        Task<int> AddAsync(string key, params string[] destinations) => AddUnlessWaitingAsync(scene, key, destinations);
    }

    [Fact]
    public async Task What_waits_is_not_added_again_while_a_node_looks_at_it()
    {
        var scene = new OutboxScene(store);
        Assert.Equal(1, await AddUnlessWaitingAsync(scene, "k", "k"));
        var adding = await scene.UseAsync<IdpDbContext, Task<int>>(async (db, _) =>
        {
            await using var look = await db.Database.BeginTransactionAsync(Ct);
            Assert.Single(await db.LockOutboxHeads([$"{scene.Kind}:k"]).IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().ToListAsync(Ct));
            var added = AddUnlessWaitingAsync(scene, "k", "k");
            await Task.Delay(TimeSpan.FromMilliseconds(50), Ct); // so that it finds the key held
            return added;
        });
        Assert.Equal(0, await adding);
    }

    private static Task<int> AddUnlessWaitingAsync(OutboxScene scene, string key, params string[] destinations) => scene.UseAsync<IdpDbContext, int>(async (db, services) =>
    {
        var added = await services.GetRequiredService<OutboxWriter>().AddUnlessWaitingAsync([.. destinations.Select(d => new NewOutboxMessage(scene.Kind, $"{scene.Kind}:{key}", d, new Told("again")))], Ct);
        await db.SaveChangesAsync(Ct);
        return added;
    });

    private static Task<IReadOnlyList<OutboxMessage>> ClaimAsync(OutboxScene scene, IReadOnlyCollection<OutboxKind> kinds, IEnumerable<OutboxMessage> running) =>
        scene.UseAsync<OutboxClaims, IReadOnlyList<OutboxMessage>>((claims, _) => claims.ClaimAsync(
            "node", new OutboxRoom(kinds, OutboxDrainer.Parallel, [.. running.Select(m => new OutboxRunning(m.Kind, m.Destination, m.OrganizationId))]), Ct));

    /// <summary>Of one key, in one transaction: their texts are their places.</summary>
    private static Task AddManyAsync(OutboxScene scene, int count) => scene.UseAsync<IdpDbContext, bool>(async (db, services) =>
    {
        var outbox = services.GetRequiredService<OutboxWriter>();
        for (var i = 0; i < count; i++) outbox.Add(new NewOutboxMessage(scene.Kind, $"{scene.Kind}:k", $"{scene.Kind}:k", new Told($"{i}")) { Sequence = i });
        await db.SaveChangesAsync(Ct);
        return true;
    });
}

public sealed class OutboxFairnessOnSqlite(SqliteStore store) : OutboxFairnessTests(store), IClassFixture<SqliteStore>;

[Trait("Store", "PostgreSql")]
public sealed class OutboxFairnessOnPostgreSql(PostgreSqlStore store) : OutboxFairnessTests(store), IClassFixture<PostgreSqlStore>;
