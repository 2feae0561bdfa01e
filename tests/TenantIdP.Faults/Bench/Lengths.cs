namespace TenantIdP.Faults.Bench;

/// <summary>How long a fault lasts: eight seconds in a plain run, the length that SECURITY.md names with <c>tests/run.sh --long</c>.</summary>
internal static class Lengths
{
    public static readonly bool IsLong = Environment.GetEnvironmentVariable("TENANTIDP_TEST_LONG") == "1";

    public static readonly TimeSpan Fault = TimeSpan.FromSeconds(IsLong ? 60 : 8);

    /// <summary>How long the database is away in R5.</summary>
    public static readonly TimeSpan Outage = TimeSpan.FromSeconds(IsLong ? 30 : 8);

    /// <summary>A promise that isn't about time is given this long to show, on a machine that is busy with other things.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    /// <summary>Main jobs a second: each is a sign-in and about ten requests more.</summary>
    public static readonly double JobsPerSecond = IsLong ? 4 : 2;

    public static int Runs(int plain, int full) => IsLong ? full : plain;

    /// <summary>Waits for a condition and says what it waited for when it does not come.</summary>
    /// <returns>How long it took.</returns>
    public static async Task<TimeSpan> UntilAsync(Func<Task<bool>> holds, string what, CancellationToken ct, TimeSpan? atMost = null, TimeSpan? every = null)
    {
        var since = System.Diagnostics.Stopwatch.StartNew();
        using var timer = new PeriodicTimer(every ?? TimeSpan.FromMilliseconds(100));
        while (!await holds())
        {
            if (since.Elapsed > (atMost ?? Patience)) throw new TimeoutException($"Not in {since.Elapsed.TotalSeconds:0} s: {what}.");
            await timer.WaitForNextTickAsync(ct);
        }

        return since.Elapsed;
    }

    /// <summary>Lets time pass while a load runs.</summary>
    public static async Task PassAsync(TimeSpan time, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(time);
        await timer.WaitForNextTickAsync(ct);
    }
}
