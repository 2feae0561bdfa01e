using System.Diagnostics;
using TenantIdP.Core.Instance;
using TenantIdP.Server.Composition;

namespace TenantIdP.Server.Background;

/// <summary>Something that one node at a time does now and then. It may be cut off and done again: each step is complete in itself.</summary>
public interface IScheduledWork
{
    static abstract string Name { get; }

    Task DoAsync(CancellationToken ct);

    /// <summary>Whether it decides by the time. Such a work waits while this node's clock is known to be wrong: what ends by a clock that is a year ahead is gone for good.</summary>
    static virtual bool GoesByTheClock => true;

    /// <summary>Asked at each look, before the lease is taken: one that finds nothing writes nothing.</summary>
    Task<bool> HasWorkAsync(CancellationToken ct) => Task.FromResult(true);
}

/// <param name="Every">From one end to the next.</param>
/// <param name="Look">How often it is looked whether it is due; a minute unless given.</param>
public sealed record WorkTimes(TimeSpan Every, TimeSpan? Look = null);

/// <summary>Does a work when it is due and no other node does it, under a lease that is renewed as long as it takes.</summary>
public sealed class WorkRunner<T>(IServiceScopeFactory scopes, NodeState state, TimeProvider clock, Telemetry telemetry, ILogger<WorkRunner<T>> logger, WorkTimes times) : BackgroundService
    where T : class, IScheduledWork
{
    /// <summary>A node that dies holds up the others for this long; within half a minute events are sealed again.</summary>
    public static readonly TimeSpan Hold = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(5);

    private readonly string holder = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(16));

    /// <summary>Looks once.</summary>
    /// <returns>False when it was not due, another node does it, or it failed.</returns>
    public async Task<bool> TryAsync(CancellationToken ct)
    {
        if (!await HasWorkAsync(ct) || !await UseLeasesAsync(leases => leases.TryTakeAsync(T.Name, holder, Hold, times.Every, ct))) return false;
        using var activity = Telemetry.Activities.StartActivity("work " + T.Name);
        var started = clock.GetTimestamp();
        var (done, outcome) = (false, "failed");
        try
        {
            done = await DoRenewingAsync(ct);
            outcome = done ? "done" : "lease_lost";
        }
        finally
        {
            telemetry.Work(T.Name, outcome, clock.GetElapsedTime(started));
            activity?.SetTag("tenantidp.work.name", T.Name).SetTag("tenantidp.work.outcome", outcome).SetStatus(done ? ActivityStatusCode.Ok : ActivityStatusCode.Error);
            // Also at shutdown, so that the next node need not wait for the end of the lease. When the database is away, the lease ends by itself.
            await UseLeasesAsync(async leases =>
            {
                await leases.GiveBackAsync(T.Name, holder, done, CancellationToken.None);
                return true;
            });
        }

        return done;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await state.MigratedAsync(stoppingToken);
            using var timer = new PeriodicTimer(times.Look ?? LookEvery, clock);
            while (await timer.WaitForNextTickAsync(stoppingToken)) await LookAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A host that is disposed without being stopped first would report the cancellation as a crash.
        }
    }

    private async Task LookAsync(CancellationToken ct)
    {
        if (state.StoreIsAway || (T.GoesByTheClock && state.ClockIsWrong)) return;
        try
        {
            await TryAsync(ct);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            // The database or an identity provider may be away; the next look tries again.
            if (StoreFailures.IsOutage(failure)) telemetry.DatabaseError(StoreFailures.CodeOf(failure));
            Log.WorkFailed(logger, T.Name, failure);
        }
    }

    private async Task<bool> DoRenewingAsync(CancellationToken ct)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var work = DoAsync(lost.Token);
        while (await Task.WhenAny(work, Task.Delay(RenewEvery, clock, lost.Token)) != work)
        {
            if (ct.IsCancellationRequested) break; // the work has been told, too
            if (await UseLeasesAsync(leases => leases.RenewAsync(T.Name, holder, Hold, ct))) continue;
            Log.LeaseLost(logger, T.Name);
            break;
        }

        if (work.IsCompleted)
        {
            await work;
            return true;
        }

        await lost.CancelAsync();
        await work.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return false;
    }

    private async Task<bool> HasWorkAsync(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<T>().HasWorkAsync(ct);
    }

    private async Task DoAsync(CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<T>().DoAsync(ct);
    }

    private async Task<bool> UseLeasesAsync(Func<Leases, Task<bool>> use)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await use(scope.ServiceProvider.GetRequiredService<Leases>());
    }
}
