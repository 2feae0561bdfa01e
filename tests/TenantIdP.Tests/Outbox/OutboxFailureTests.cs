using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Server.Background;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Outbox;

/// <summary>Receivers that refuse, hang or are away, and nodes that die.</summary>
public abstract class OutboxFailureTests(TestStore store)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Fault", "R2")]
    public async Task What_a_node_took_that_died_is_delivered_by_another_with_the_same_id_when_the_claim_has_run_out()
    {
        var scene = new OutboxScene(store);
        var first = await scene.AddAsync("first", Ct);
        await scene.AddAsync("second", Ct);
        var claimed = Assert.Single(await scene.ClaimAndDieAsync(Ct));
        var drainer = scene.NewDrainer();

        await drainer.DrainAsync(Ct);
        Assert.Empty(scene.Arrived); // the dead node may be alive
        scene.Clock.Advance(OutboxClaims.Hold + TimeSpan.FromSeconds(1));
        await drainer.DrainAsync(Ct);

        Assert.Equal(["first", "second"], scene.Texts);
        Assert.Equal(first.Id, scene.Arrived.First().Id);
        Assert.Equal(2, (await scene.RowAsync(first.Id, Ct)).Attempts);

        // Back from the dead, it changes nothing.
        await scene.UseAsync<OutboxClaims, OutboxState>((claims, _) => claims.RecordAsync(claimed, new OutboxOutcome.Dead("late"), scene.Schedule, Ct));
        Assert.Equal(OutboxState.Delivered, (await scene.RowAsync(first.Id, Ct)).State);
    }

    [Fact]
    public async Task A_message_that_ends_the_process_each_time_is_dead_when_its_tries_are_used_up()
    {
        var scene = new OutboxScene(store, TimeSpan.FromSeconds(1));
        var poison = await scene.AddAsync("poison", Ct);
        await scene.AddAsync("next", Ct);
        for (var i = 0; i < scene.Schedule.Tries; i++)
        {
            Assert.Single(await scene.ClaimAndDieAsync(Ct));
            scene.Clock.Advance(OutboxClaims.Hold + TimeSpan.FromSeconds(1));
        }

        await scene.NewDrainer().DrainAsync(Ct);

        Assert.Equal(["next"], scene.Texts);
        Assert.Equal(OutboxState.Dead, (await scene.RowAsync(poison.Id, Ct)).State);
    }

    [Fact]
    public async Task Tries_are_spaced_by_the_schedule_give_or_take_a_fifth_and_the_last_leaves_it_dead()
    {
        TimeSpan[] delays = [TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5), TimeSpan.FromHours(1)];
        var scene = new OutboxScene(store, delays);
        scene.Receive = (_, _, _) => throw new InvalidOperationException("https://user:secret@receiver.test/?token=secret");
        var message = await scene.AddAsync("x", Ct);
        var drainer = scene.NewDrainer();

        foreach (var delay in delays)
        {
            await drainer.DrainAsync(Ct);
            var row = await scene.RowAsync(message.Id, Ct);
            Assert.Equal(OutboxState.Pending, row.State);
            Assert.InRange((row.DueAt - scene.Clock.GetUtcNow()).TotalSeconds, (delay * 0.799).TotalSeconds, (delay * 1.201).TotalSeconds);
            Assert.Equal(nameof(InvalidOperationException), row.LastError); // and nothing of what it said
            scene.Clock.Advance(row.DueAt - scene.Clock.GetUtcNow() - TimeSpan.FromMilliseconds(10));
            await drainer.DrainAsync(Ct);
            Assert.Equal(row.Attempts, (await scene.RowAsync(message.Id, Ct)).Attempts); // not before its time
            scene.Clock.Advance(TimeSpan.FromMilliseconds(20));
        }

        await drainer.DrainAsync(Ct);
        var dead = await scene.RowAsync(message.Id, Ct);
        Assert.Equal((OutboxState.Dead, 4, 4), (dead.State, dead.Attempts, scene.Arrived.Count));
    }

    [Fact]
    public async Task A_receiver_that_asks_for_more_time_gets_it_up_to_a_day()
    {
        var scene = new OutboxScene(store, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10));
        TimeSpan asked = TimeSpan.FromHours(2);
        scene.Receive = (_, _, _) => Task.FromResult<OutboxOutcome>(new OutboxOutcome.Retry("429", asked));
        var message = await scene.AddAsync("x", Ct);
        var drainer = scene.NewDrainer();

        await drainer.DrainAsync(Ct);
        Assert.Equal(asked.TotalSeconds, ((await scene.RowAsync(message.Id, Ct)).DueAt - scene.Clock.GetUtcNow()).TotalSeconds, 0.001);
        scene.Clock.Advance(asked);
        asked = TimeSpan.FromDays(400);
        await drainer.DrainAsync(Ct);
        Assert.Equal(OutboxSchedule.MaxAsked.TotalSeconds, ((await scene.RowAsync(message.Id, Ct)).DueAt - scene.Clock.GetUtcNow()).TotalSeconds, 0.001);
    }

    [Fact]
    public async Task A_dead_message_blocks_nobody_and_is_replayed_at_the_end_of_its_key()
    {
        var scene = new OutboxScene(store);
        var refuses = true;
        scene.Receive = (_, text, _) => Task.FromResult<OutboxOutcome>(refuses && text == "a" ? new OutboxOutcome.Dead("gone") : new OutboxOutcome.Delivered());
        var (a, _) = (await scene.AddAsync("a", Ct), await scene.AddAsync("b", Ct));
        var drainer = scene.NewDrainer();
        await drainer.DrainAsync(Ct);
        Assert.Equal(["a", "b"], scene.Texts);
        var dead = await scene.RowAsync(a.Id, Ct);
        Assert.Equal((OutboxState.Dead, "gone"), (dead.State, dead.LastError));

        refuses = false;
        await scene.AddAsync("c", Ct);
        var replayed = await scene.ReplayAsync(a.Id, Ct);
        Assert.Equal((OutboxState.Pending, 0), (replayed.Value!.State, replayed.Value.Attempts));
        Assert.Equal("message_not_dead", (await scene.ReplayAsync(a.Id, Ct)).Error?.Code);
        await drainer.DrainAsync(Ct);

        Assert.Equal(["c", "a"], scene.Texts[2..]);
        Assert.Equal(a.Id, scene.Arrived.Last().Id);
        Assert.Equal("message_not_found", (await scene.ReplayAsync(Id<OutboxMessage>.New(scene.Clock.GetUtcNow()), Ct)).Error?.Code);
        Assert.Equal(1, await scene.UseAsync<IdpDbContext, int>((db, _) => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            .CountAsync(e => e.TargetId == a.Id.ToString() && e.Type == EventTypes.OutboxMessageReplayed && e.OrganizationId == Organization.Instance, Ct)));
    }

    [Fact]
    [Trait("Fault", "R16")]
    public async Task A_receiver_that_hangs_holds_up_itself_only_and_is_given_up_on_at_its_timeout()
    {
        var scene = new OutboxScene(store);
        var hangs = new TaskCompletionSource<OutboxOutcome>();
        scene.Receive = (_, text, _) => text.StartsWith("hang", StringComparison.Ordinal) ? hangs.Task : Task.FromResult<OutboxOutcome>(new OutboxOutcome.Delivered()); // deaf to its token, too
        for (var i = 0; i < OutboxDrainer.Parallel * 2; i++) await scene.AddAsync($"hang{i}", Ct, key: $"h{i}", destination: "hanging");
        foreach (var text in new[] { "one", "two", "three" }) await scene.AddAsync(text, Ct, key: text);
        var drainer = scene.NewDrainer();

        while (scene.Texts.Count(t => !t.StartsWith("hang", StringComparison.Ordinal)) < 3) await LookAsync(drainer);
        Assert.Equal(OutboxRoom.PerDestination, scene.Texts.Count(t => t.StartsWith("hang", StringComparison.Ordinal)));

        scene.Clock.Advance(TimeSpan.FromSeconds(31));
        while (!(await scene.RowsAsync(Ct)).Any(m => m.LastError is not null)) await Task.Yield();
        Assert.All((await scene.RowsAsync(Ct)).Where(m => m.LastError is not null), m => Assert.Equal("No answer in 30 seconds.", m.LastError));
        hangs.SetResult(new OutboxOutcome.Delivered()); // for those that began meanwhile
    }

    private static async Task LookAsync(OutboxDrainer drainer)
    {
        Ct.ThrowIfCancellationRequested();
        await drainer.LookAsync(Ct);
        await Task.Yield();
    }

    [Fact]
    public async Task A_node_that_stops_gives_back_what_it_was_delivering()
    {
        var scene = new OutboxScene(store);
        var begun = new TaskCompletionSource();
        scene.Receive = async (_, _, ct) =>
        {
            begun.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, ct);
            return new OutboxOutcome.Delivered();
        };
        var message = await scene.AddAsync("x", Ct);
        var drainer = scene.NewDrainer();
        await drainer.StartAsync(Ct);
        await begun.Task.WaitAsync(Longest, Ct);
        await drainer.StopAsync(Ct);

        var row = await scene.RowAsync(message.Id, Ct);
        Assert.Equal((OutboxState.Pending, (string?)null, 0), (row.State, row.ClaimedBy, row.Attempts)); // however often nodes are restarted, no try is spent
        scene.Receive = (_, _, _) => Task.FromResult<OutboxOutcome>(new OutboxOutcome.Delivered());
        await scene.NewDrainer().DrainAsync(Ct); // at once, without waiting for the end of the claim
        Assert.Equal(OutboxState.Delivered, (await scene.RowAsync(message.Id, Ct)).State);
    }
}

public sealed class OutboxFailureOnSqlite(SqliteStore store) : OutboxFailureTests(store), IClassFixture<SqliteStore>;

[Trait("Store", "PostgreSql")]
public sealed class OutboxFailureOnPostgreSql(PostgreSqlStore store) : OutboxFailureTests(store), IClassFixture<PostgreSqlStore>;
