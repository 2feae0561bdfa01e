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
}

public sealed class OutboxOnSqlite(SqliteStore store) : OutboxTests(store), IClassFixture<SqliteStore>;

[Trait("Store", "PostgreSql")]
public sealed class OutboxOnPostgreSql(PostgreSqlStore store) : OutboxTests(store), IClassFixture<PostgreSqlStore>;
