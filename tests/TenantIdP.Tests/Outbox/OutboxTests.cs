using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Server.Background;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Outbox;

public abstract class OutboxTests(TestStore store)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Messages_of_one_key_arrive_one_after_the_other_in_the_order_in_which_they_were_written()
    {
        var scene = new OutboxScene(store);
        var expected = Enumerable.Range(0, 30).Select(i => $"{i}").ToArray();
        foreach (var text in expected) await scene.AddAsync(text, Ct); // many within one tick of the clock, which stands still
        var (at, most) = (0, 0);
        scene.Receive = async (_, _, _) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref at));
            await Task.Yield();
            Interlocked.Decrement(ref at);
            return new OutboxOutcome.Delivered();
        };

        await scene.NewDrainer().DrainAsync(Ct);

        Assert.Equal(expected, scene.Texts);
        Assert.Equal(1, most);
        Assert.All(await scene.RowsAsync(Ct), m => Assert.Equal((OutboxState.Delivered, "", 1), (m.State, m.Payload, m.Attempts)));
    }

    [Fact]
    public async Task An_order_that_the_messages_have_of_their_own_counts()
    {
        var scene = new OutboxScene(store);
        foreach (var position in new long[] { 7, 5, 6 }) await scene.AddAsync($"{position}", Ct, change: m => m with { Sequence = position });

        await scene.NewDrainer().DrainAsync(Ct);

        Assert.Equal(["5", "6", "7"], scene.Texts);
    }

    [Fact]
    public async Task Nothing_overtakes_a_message_that_failed_and_other_keys_do_not_wait_for_it()
    {
        var scene = new OutboxScene(store);
        var fails = true;
        scene.Receive = (_, text, _) => Task.FromResult<OutboxOutcome>(fails && text == "a1" ? new OutboxOutcome.Retry("503") : new OutboxOutcome.Delivered());
        foreach (var text in new[] { "a1", "a2", "b1", "b2" }) await scene.AddAsync(text, Ct, key: text[..1]);
        var drainer = scene.NewDrainer();

        await drainer.DrainAsync(Ct);
        await scene.AddAsync("a3", Ct, key: "a"); // written while a1 waits
        await drainer.DrainAsync(Ct);

        Assert.Equal(["a1", "b1", "b2"], scene.Texts.Order());
        Assert.Equal("503", (await scene.RowsAsync(Ct))[0].LastError);
        fails = false;
        scene.Clock.Advance(TimeSpan.FromMinutes(2));
        await drainer.DrainAsync(Ct);
        Assert.Equal(["a1", "a2", "a3"], scene.Texts[3..]);
        Assert.Equal(2, scene.Arrived.Where(a => a.Text == "a1").Select(a => a.Id).Count());
        Assert.Single(scene.Arrived.Where(a => a.Text == "a1").Select(a => a.Id).Distinct());
    }

    [Fact]
    public async Task Four_drainers_at_once_deliver_each_message_once_and_each_key_in_order()
    {
        const int Keys = 12, Each = 8;
        var scene = new OutboxScene(store);
        for (var i = 0; i < Each; i++)
        {
            for (var k = 0; k < Keys; k++) await scene.AddAsync($"{k}-{i}", Ct, key: $"{k}");
        }

        var drainers = Enumerable.Range(0, 4).Select(_ => scene.NewDrainer()).ToList();
        while ((await scene.RowsAsync(Ct)).Any(m => m.State == OutboxState.Pending))
        {
            scene.Clock.Advance(TimeSpan.FromMilliseconds(1)); // another drainer's claim may have put a key's messages off; time goes on
            await Task.WhenAll(drainers.Select(d => Task.Run(() => d.DrainAsync(Ct), Ct)));
            Assert.True(scene.Arrived.Count <= Keys * Each, "Delivered twice.");
        }

        Assert.Equal(Keys * Each, scene.Arrived.Select(a => a.Id).Distinct().Count());
        Assert.Equal(Keys * Each, scene.Arrived.Count);
        for (var k = 0; k < Keys; k++) Assert.Equal(Enumerable.Range(0, Each).Select(i => $"{k}-{i}"), scene.Texts.Where(t => t.StartsWith($"{k}-", StringComparison.Ordinal)));
    }

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
    public async Task A_transaction_that_is_rolled_back_leaves_nothing_to_deliver()
    {
        var scene = new OutboxScene(store);
        await scene.UseAsync<IdpDbContext, bool>(async (db, scope) =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync(Ct);
            scope.GetRequiredService<OutboxWriter>().Add(new NewOutboxMessage(scene.Kind, $"{scene.Kind}:k", "d", new Told("never")));
            await db.SaveChangesAsync(Ct);
            await transaction.RollbackAsync(Ct);
            return true;
        });

        await scene.NewDrainer().DrainAsync(Ct);

        Assert.Empty(scene.Arrived);
        Assert.Empty(await scene.RowsAsync(Ct));
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
    public async Task The_node_that_wrote_is_woken_when_its_unit_of_work_ends()
    {
        var scene = new OutboxScene(store);
        await scene.UseAsync<OutboxSignal, bool>(async (signal, _) =>
        {
            await scene.AddAsync("x", Ct);
            var woken = signal.WaitAsync(Longest, Ct);
            await woken.WaitAsync(TimeSpan.FromSeconds(10), Ct); // far from the end of its wait
            return true;
        });
    }

    [Fact]
    public async Task A_secret_is_sealed_in_its_row_and_opens_for_the_handler()
    {
        var scene = new OutboxScene(store);
        var organization = await store.NewOrganizationAsync(Ct);
        var message = await scene.AddAsync("https://login.test/reset?token=abc", Ct, change: m => m with { IsSecret = true, Organization = organization });

        Assert.DoesNotContain("token", (await scene.RowAsync(message.Id, Ct)).Payload, StringComparison.Ordinal);
        await scene.NewDrainer().DrainAsync(Ct);

        Assert.Equal(["https://login.test/reset?token=abc"], scene.Texts);
        Assert.Equal("", (await scene.RowAsync(message.Id, Ct)).Payload);
    }

    [Fact]
    [Trait("Attack", "H2")]
    public async Task A_message_of_another_organization_is_neither_written_nor_seen()
    {
        var scene = new OutboxScene(store);
        var (ours, theirs) = (await store.NewOrganizationAsync(Ct), await store.NewOrganizationAsync(Ct));
        await scene.AddAsync("theirs", Ct, change: m => m with { Organization = theirs });

        await scene.UseAsync<IdpDbContext, bool>(async (db, scope) =>
        {
            db.EnterOrganization(ours);
            Assert.Empty(await db.OutboxMessages.ToListAsync(Ct));
            scope.GetRequiredService<OutboxWriter>().Add(new NewOutboxMessage(scene.Kind, $"{scene.Kind}:k", "d", new Told("x")) { Organization = theirs });
            await Assert.ThrowsAsync<InvalidOperationException>(() => db.SaveChangesAsync(Ct));
            return true;
        });
    }

    [Fact]
    public async Task Delivered_ones_go_after_three_days_dead_ones_after_thirty_and_pending_ones_never()
    {
        var scene = new OutboxScene(store);
        scene.Receive = (_, text, _) => Task.FromResult<OutboxOutcome>(text switch { "dead" => new OutboxOutcome.Dead("x"), "waits" => new OutboxOutcome.Retry("x", TimeSpan.FromDays(1)), _ => new OutboxOutcome.Delivered() });
        foreach (var text in new[] { "done", "dead", "waits" }) await scene.AddAsync(text, Ct, key: text);
        await scene.NewDrainer().DrainAsync(Ct);

        await PruneAsync(OutboxMessage.DeliveredKept + TimeSpan.FromMinutes(1));
        Assert.Equal([OutboxState.Dead, OutboxState.Pending], (await scene.RowsAsync(Ct)).Select(m => m.State));
        await PruneAsync(OutboxMessage.DeadKept);
        Assert.Equal([OutboxState.Pending], (await scene.RowsAsync(Ct)).Select(m => m.State));

        Task PruneAsync(TimeSpan later)
        {
            scene.Clock.Advance(later);
            return scene.UseAsync<Pruning, bool>(async (pruning, _) =>
            {
                await pruning.PruneAsync(Ct);
                return true;
            });
        }
    }

    [Fact]
    public async Task The_lag_is_the_wait_of_the_oldest_due_message()
    {
        var scene = new OutboxScene(store);
        var before = await LagAsync();
        await scene.AddAsync("x", Ct);
        scene.Clock.Advance(TimeSpan.FromMinutes(7));

        Assert.True(await LagAsync() >= before && await LagAsync() >= TimeSpan.FromMinutes(7) - TimeSpan.FromMilliseconds(1), $"{before} {await LagAsync()}");

        Task<TimeSpan> LagAsync() => scene.UseAsync<OutboxService, TimeSpan>((outbox, _) => outbox.LagAsync(Ct));
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
        Assert.Equal((OutboxState.Pending, (string?)null), (row.State, row.ClaimedBy));
        scene.Receive = (_, _, _) => Task.FromResult<OutboxOutcome>(new OutboxOutcome.Delivered());
        await scene.NewDrainer().DrainAsync(Ct); // at once, without waiting for the end of the claim
        Assert.Equal(OutboxState.Delivered, (await scene.RowAsync(message.Id, Ct)).State);
    }
}

public sealed class OutboxOnSqlite(SqliteStore store) : OutboxTests(store), IClassFixture<SqliteStore>;

[Trait("Store", "PostgreSql")]
public sealed class OutboxOnPostgreSql(PostgreSqlStore store) : OutboxTests(store), IClassFixture<PostgreSqlStore>;
