using System.Diagnostics;

namespace TenantIdP.Benchmarks;

/// <summary>How much of each operation is done.</summary>
internal sealed record Sizes(int WarmUp, int Batch, int Batches, int Organizations)
{
    public static readonly Sizes Full = new(5_000, 1_000, 5, 100_000);
    public static readonly Sizes Quick = new(200, 80, 5, 100_000);
}

/// <param name="App">CPU milliseconds of the server per operation.</param>
/// <param name="Database">The same of PostgreSQL.</param>
/// <param name="Wall">Median milliseconds between sending and the whole answer.</param>
/// <param name="Tail">The 99th percentile of the same; 0 where one operation only was timed.</param>
/// <param name="P95">The 95th.</param>
internal sealed record Figure(double App, double Database, double Wall, double Tail = 0, double P95 = 0)
{
    public double Both => App + Database;
}

/// <summary>Eight keep-alive connections that do the same operation, in batches after a warm-up counted in operations.</summary>
internal static class Load
{
    public const int Workers = 8;

    public static async Task<Figure> MeasureAsync(Cpu cpu, Sizes sizes, Func<int, Task> operation) => (await MeasureAsync(sizes, [(cpu, operation)]))[0];

    /// <summary>Several sides in turn, a batch of each: what else the machine does hits all of them.</summary>
    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Sizes sizes, IReadOnlyList<(Cpu Cpu, Func<int, Task> Operation)> sides)
    {
        foreach (var (_, operation) in sides) await RunAsync(sizes.WarmUp, operation);
        var batches = sides.Select(_ => new List<Figure>()).ToList();
        for (var i = 0; i < sizes.Batches; i++)
        {
            foreach (var ((cpu, operation), figures) in sides.Zip(batches))
            {
                var before = cpu.Seconds;
                var (median, p95, tail) = await RunAsync(sizes.Batch, operation);
                var after = cpu.Seconds;
                figures.Add(new Figure((after.App - before.App) * 1000 / sizes.Batch, (after.Database - before.Database) * 1000 / sizes.Batch, median, tail, p95));
            }
        }

        return [.. batches.Select(figures => figures.OrderBy(b => b.Both).ElementAt(figures.Count / 2))];
    }

    private static async Task<(double Median, double P95, double Tail)> RunAsync(int operations, Func<int, Task> operation)
    {
        var left = operations;
        var times = new List<double>(operations);
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                var started = Stopwatch.GetTimestamp();
                await operation(worker);
                var took = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                lock (times) times.Add(took);
            }
        })));
        times.Sort();
        return (times[times.Count / 2], times[times.Count * 95 / 100], times[times.Count * 99 / 100]);
    }
}
