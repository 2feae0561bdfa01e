using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using TenantIdP.Core;
using TenantIdP.Core.Instance;
using TenantIdP.Server.Background;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Nodes;

/// <summary>What a node that ends leaves to the others.</summary>
public abstract class ScheduledWorkTests(TestStore store)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_work_that_is_cut_off_by_the_end_of_its_node_is_another_nodes_at_once()
    {
        var begun = new Begun();
        var node = store.NewNode(configure: services => services.AddScoped<Leases>().AddSingleton(begun).AddScoped<Endless>());
        var state = new NodeState();
        using var runner = new WorkRunner<Endless>(
            node.GetRequiredService<IServiceScopeFactory>(), state, TimeProvider.System, node.GetRequiredService<Telemetry>(), NullLogger<WorkRunner<Endless>>.Instance, new WorkTimes(TimeSpan.FromHours(1), TimeSpan.FromMilliseconds(20)));
        await runner.StartAsync(Ct);
        Assert.False(begun.Task.IsCompleted); // there are no tables yet, as far as it knows
        state.Migrated();
        await begun.Task.WaitAsync(Patience, Ct);

        await runner.StopAsync(Ct).WaitAsync(Patience, Ct);

        await using var scope = node.CreateAsyncScope();
        var lease = await scope.ServiceProvider.GetRequiredService<IdpDbContext>().Leases.AsNoTracking().SingleAsync(l => l.Name == Endless.Name, Ct);
        Assert.Null(lease.DoneAt);
        Assert.True(await scope.ServiceProvider.GetRequiredService<Leases>().TryTakeAsync(Endless.Name, "another", TimeSpan.FromMinutes(2), TimeSpan.FromHours(1), Ct));
    }

    [Fact]
    [Trait("Fault", "R7")]
    public async Task What_goes_by_the_clock_waits_while_the_clock_is_wrong()
    {
        var (begun, sealing) = (new Begun(), new Sealed());
        var node = store.NewNode(configure: services => services.AddScoped<Leases>().AddSingleton(begun).AddSingleton(sealing).AddScoped<Clocked>().AddScoped<Clockless>());
        var state = new NodeState();
        state.Migrated();
        state.SeeClock(TimeSpan.FromDays(365));
        using var runner = Runner<Clocked>(node, state);
        using var other = Runner<Clockless>(node, state);
        await runner.StartAsync(Ct);
        await other.StartAsync(Ct);

        await sealing.Task.WaitAsync(Patience, Ct); // looked at a few times, and done
        Assert.False(begun.Task.IsCompleted);
        state.SeeClock(TimeSpan.Zero);
        await begun.Task.WaitAsync(Patience, Ct);

        await runner.StopAsync(Ct).WaitAsync(Patience, Ct);
        await other.StopAsync(Ct).WaitAsync(Patience, Ct);
    }

    private static WorkRunner<T> Runner<T>(ServiceProvider node, NodeState state) where T : class, IScheduledWork => new(
        node.GetRequiredService<IServiceScopeFactory>(), state, TimeProvider.System, node.GetRequiredService<Telemetry>(), NullLogger<WorkRunner<T>>.Instance,
        new WorkTimes(TimeSpan.Zero, TimeSpan.FromMilliseconds(20)));

    private sealed class Sealed : TaskCompletionSource
    {
        private int times;

        public Sealed() : base(TaskCreationOptions.RunContinuationsAsynchronously)
        {
        }

        public void Do()
        {
            if (++times == 5) TrySetResult();
        }
    }

    private sealed class Clockless(Sealed times) : IScheduledWork
    {
        public static string Name => "clockless";

        public static bool GoesByTheClock => false;

        public Task DoAsync(CancellationToken ct)
        {
            times.Do();
            return Task.CompletedTask;
        }
    }

    // Of a name of its own: the lease of another test's work may be held still.
    private sealed class Clocked(Begun begun) : IScheduledWork
    {
        public static string Name => "clocked";

        public Task DoAsync(CancellationToken ct)
        {
            begun.TrySetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, ct);
        }
    }

    private sealed class Begun : TaskCompletionSource
    {
        public Begun() : base(TaskCreationOptions.RunContinuationsAsynchronously)
        {
        }
    }

    private sealed class Endless(Begun begun) : IScheduledWork
    {
        public static string Name => "endless";

        public Task DoAsync(CancellationToken ct)
        {
            begun.TrySetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, ct);
        }
    }
}

public sealed class ScheduledWorkOnSqlite(SqliteStore store) : ScheduledWorkTests(store), IClassFixture<SqliteStore>;

[Trait("Store", "PostgreSql")]
public sealed class ScheduledWorkOnPostgreSql(PostgreSqlStore store) : ScheduledWorkTests(store), IClassFixture<PostgreSqlStore>;
