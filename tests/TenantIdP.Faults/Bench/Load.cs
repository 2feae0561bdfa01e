using System.Collections.Concurrent;

namespace TenantIdP.Faults.Bench;

/// <summary>Main jobs at a steady rate for as long as it is wanted, each person in turn.</summary>
internal sealed class Load : IAsyncDisposable
{
    /// <summary>Jobs under way at once; a machine that can't keep up gets fewer jobs a second, not a pile of them.</summary>
    private const int MostAtOnce = 8;

    private readonly CancellationTokenSource stopping;
    private readonly ConcurrentBag<JobResult> results = [];
    private readonly World world;
    private readonly MainJob job;
    private readonly CancellationToken ct;
    private readonly Task running;

    private Load(World world, double perSecond, CancellationToken ct)
    {
        (this.world, this.ct) = (world, ct);
        job = new MainJob(world);
        stopping = CancellationTokenSource.CreateLinkedTokenSource(ct);
        running = RunAsync(perSecond);
    }

    public int Finished => results.Count;

    public static Load Start(World world, CancellationToken ct, double? perSecond = null) => new(world, perSecond ?? Lengths.JobsPerSecond, ct);

    /// <summary>No new jobs; those under way are finished.</summary>
    public async Task<IReadOnlyCollection<JobResult>> StopAsync()
    {
        await stopping.CancelAsync();
        await running;
        return results;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stopping.Dispose();
    }

    public static string Describe(IReadOnlyCollection<JobResult> results)
    {
        var ends = string.Join(", ", results.GroupBy(r => r.End).OrderBy(g => g.Key).Select(g => $"{g.Key}: {g.Count()}"));
        var why = string.Join("; ", results.Where(r => r.Why is not null).GroupBy(r => r.Why).OrderByDescending(g => g.Count()).Take(6).Select(g => $"{g.Count()} x {g.Key}"));
        return why.Length == 0 ? ends : $"{ends} ({why})";
    }

    private async Task RunAsync(double perSecond)
    {
        var underWay = new List<Task>();
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1 / perSecond));
            for (var i = 0; await timer.WaitForNextTickAsync(stopping.Token); i++)
            {
                underWay.RemoveAll(t => t.IsCompletedSuccessfully);
                if (underWay.Count < MostAtOnce) underWay.Add(OneAsync(world.People[i % world.People.Count]));
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // No more of them.
        }

        await Task.WhenAll(underWay);
    }

    private async Task OneAsync(Person person) => results.Add(await job.RunAsync(person, ct));
}
