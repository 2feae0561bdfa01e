using TenantIdP.Faults.Bench;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>R14: half an hour of work. Only <c>tests/run.sh --long</c> takes that time.</summary>
[Collection(StoreBenchCollection.Name)]
public sealed class SoakTests(DatabaseBench bench) : IClassFixture<DatabaseBench>
{
    private static readonly TimeSpan Length = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    [Trait("Fault", "R14")]
    public async Task Half_an_hour_of_work_leaks_nothing_and_slows_nothing()
    {
        var (fleet, machine) = (bench.Fleet, Machine.AtRest());
        var recorder = fleet.Record();
        var samples = new List<(TimeSpan At, double Megabytes, long Connections)>();
        IReadOnlyCollection<JobResult> results;
        await using (var load = Load.Start(bench.World, Ct, perSecond: 3)) // of about ten requests each
        {
            while (recorder.Now < Length)
            {
                await Lengths.PassAsync(TimeSpan.FromSeconds(10), Ct);
                var connections = await Nodes.CountAsync(DatabaseServer.Unpooled(bench.Database), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()", Ct);
                samples.Add((recorder.Now, fleet.Running.All.Sum(n => n.ResidentBytes) / 1024.0 / 1024 / fleet.Running.All.Count, connections));
            }

            results = await load.StopAsync();
        }

        var settled = samples.Where(s => s.At > Settled).ToList();
        var slope = Slope(settled.Select(s => (s.At.TotalMinutes, s.Megabytes)));
        var (early, late) = (settled.Take(settled.Count / 2).Max(s => s.Connections), settled.Skip(settled.Count / 2).Max(s => s.Connections));
        var (first, last) = (P99(Settled - Window, Settled), P99(Length - Window, Length));
        bench.Figures.Add("R14", "30 minutes at 30 requests a second, 2 nodes", "RSS < +1 MB a minute after 10 minutes; connections flat; p99 of the last 5 minutes <= 1.2x of the first",
            $"{Load.Describe(results)}; {recorder}; RSS {slope:+0.00;-0.00} MB a minute; connections {early} then {late}; p99 {first.TotalMilliseconds:0} ms then {last.TotalMilliseconds:0} ms{machine}");
        Assert.True(results.All(r => r.End == JobEnd.Done), Load.Describe(results));
        Assert.True(slope < 1, $"RSS grows by {slope:0.00} MB a minute.");
        Assert.True(late <= early + 2, $"Connections grew from {early} to {late}.");
        Assert.True(last <= first * 1.2 + machine.Allows(TimeSpan.FromMilliseconds(20)), $"p99 went from {first} to {last}.");
        await bench.AssertInvariantsAsync(Ct);

        TimeSpan P99(TimeSpan from, TimeSpan to) => Recorder.Percentile(recorder.All.Where(s => s.At >= from && s.At < to).Select(s => s.Took), 0.99);
    }

    /// <summary>By least squares.</summary>
    private static double Slope(IEnumerable<(double X, double Y)> points)
    {
        var all = points.ToList();
        var (x, y) = (all.Average(p => p.X), all.Average(p => p.Y));
        return all.Sum(p => (p.X - x) * (p.Y - y)) / all.Sum(p => (p.X - x) * (p.X - x));
    }
}
