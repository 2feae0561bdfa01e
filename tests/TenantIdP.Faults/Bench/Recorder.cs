using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace TenantIdP.Faults.Bench;

/// <summary>One request as a client saw it. <see cref="At"/> and <see cref="Took"/> count from the recorder's start.</summary>
/// <param name="Status">Null when there was no answer.</param>
internal sealed record Seen(string Operation, TimeSpan At, TimeSpan Took, HttpStatusCode? Status, bool SaysWhen, string? Cut)
{
    public TimeSpan Ended => At + Took;
}

/// <summary>Everything that clients saw since it began.</summary>
internal sealed class Recorder
{
    private readonly ConcurrentQueue<Seen> all = new();
    private readonly Stopwatch since = Stopwatch.StartNew();

    public TimeSpan Now => since.Elapsed;

    /// <summary>Requests that found no listener at one node and were sent to another.</summary>
    public int Retried => retried;

    private int retried;

    public IReadOnlyCollection<Seen> All => all;

    public void CountRetry() => Interlocked.Increment(ref retried);

    public void Add(string operation, TimeSpan at, HttpResponseMessage? response, string? cut) =>
        all.Enqueue(new Seen(operation, at, Now - at, response?.StatusCode, response?.Headers.RetryAfter is not null, cut));

    public IEnumerable<Seen> With(HttpStatusCode status) => all.Where(s => s.Status == status);

    /// <summary>5xx other than the 503 that an outage is answered with.</summary>
    public IReadOnlyList<Seen> Broken => [.. all.Where(s => s.Status is { } status && (int)status >= 500 && status != HttpStatusCode.ServiceUnavailable)];

    public static TimeSpan Percentile(IEnumerable<TimeSpan> values, double share)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? TimeSpan.Zero : sorted[Math.Min(sorted.Count - 1, (int)Math.Ceiling(share * sorted.Count) - 1)];
    }

    /// <summary>Counts by status, and how long answers took.</summary>
    public override string ToString()
    {
        var counts = all.GroupBy(s => s.Status is { } status ? ((int)status).ToString(CultureInfo.InvariantCulture) : "cut").OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Key}: {g.Count()}");
        var took = all.Where(s => s.Status is not null).Select(s => s.Took).ToList();
        return $"{string.Join(", ", counts)}; p50 {Percentile(took, 0.5).TotalMilliseconds:0} ms, p99 {Percentile(took, 0.99).TotalMilliseconds:0} ms";
    }

    public static string Describe(IEnumerable<Seen> some) =>
        string.Join("; ", some.GroupBy(s => $"{s.Operation} {(s.Status is { } status ? ((int)status).ToString(CultureInfo.InvariantCulture) : s.Cut)}").OrderByDescending(g => g.Count()).Take(8).Select(g => $"{g.Count()} x {g.Key}"));
}
