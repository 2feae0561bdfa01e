namespace TenantIdP.Core.Instance;

/// <summary>What this process knows of itself and its database: whether it can serve. Readiness and the edge ask it with every request, so it reads nothing.</summary>
public sealed class NodeState
{
    /// <summary>Beyond it tokens and leases begin to end too early or too late.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource migrated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long clockOffset;
    private volatile bool storeIsAway;
    private volatile bool isDraining;

    /// <summary>The database is of this version, and the keys are read.</summary>
    public bool IsMigrated => migrated.Task.IsCompleted;

    /// <summary>The database did not answer when it was last asked; false where nobody watches it.</summary>
    public bool StoreIsAway => storeIsAway;

    /// <summary>The process will end: it serves what comes and asks for no more.</summary>
    public bool IsDraining => isDraining;

    /// <summary>No mail server is set: mails wait for one.</summary>
    public bool MailWaits { get; set; }

    /// <summary>How far this node's clock is ahead of the database's (less than zero: behind), when it was last compared.</summary>
    public TimeSpan ClockOffset => new(Interlocked.Read(ref clockOffset));

    public bool ClockIsWrong => ClockOffset.Duration() > ClockTolerance;

    /// <summary>For work that runs by itself: not before there are tables.</summary>
    public Task MigratedAsync(CancellationToken ct) => migrated.Task.WaitAsync(ct);

    public void Migrated() => migrated.TrySetResult();

    public void Drain() => isDraining = true;

    public void SeeStore(bool isAway) => storeIsAway = isAway;

    public void SeeClock(TimeSpan offset) => Interlocked.Exchange(ref clockOffset, offset.Ticks);
}
