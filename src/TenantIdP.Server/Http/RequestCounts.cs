using System.Collections.Concurrent;

namespace TenantIdP.Server.Http;

/// <summary>
/// Counts requests by caller in windows that begin with a caller's first request. Of this node, bounded, by the <see cref="TimeProvider"/>'s time: the framework's limiters neither
/// say when a window ends, nor bound how many callers they remember, nor can be tested without waiting.
/// </summary>
/// <param name="most">Callers that are counted one by one; those beyond it share one count.</param>
internal sealed class RequestCounts(int most, TimeSpan window)
{
    private const string Everybody = "*";

    private readonly ConcurrentDictionary<string, Count> counts = new(StringComparer.Ordinal);
    private readonly Lock sweeping = new();
    private DateTimeOffset sweptAt;

    /// <summary>Counts one more.</summary>
    /// <returns>How many there were in the window, and when it ends.</returns>
    public (long Used, DateTimeOffset EndsAt) Add(string caller, DateTimeOffset now) => Of(caller, now).Add(now, window);

    public long Used(string caller, DateTimeOffset now) =>
        counts.TryGetValue(caller, out var one) || (counts.Count >= most && counts.TryGetValue(Everybody, out one)) ? one.Used(now) : 0;

    private Count Of(string caller, DateTimeOffset now)
    {
        if (counts.TryGetValue(caller, out var one)) return one;
        if (counts.Count >= most) Sweep(now);
        return counts.GetOrAdd(counts.Count >= most ? Everybody : caller, static _ => new Count());
    }

    /// <summary>Forgets the windows that are over, at most once a second: whoever floods us with callers does not make us search for them each time.</summary>
    private void Sweep(DateTimeOffset now)
    {
        lock (sweeping)
        {
            if (now - sweptAt < TimeSpan.FromSeconds(1)) return;
            sweptAt = now;
        }

        foreach (var (caller, count) in counts)
        {
            if (count.IsOver(now)) counts.TryRemove(caller, out _);
        }
    }

    private sealed class Count
    {
        private readonly Lock one = new();
        private DateTimeOffset endsAt;
        private long used;

        public bool IsOver(DateTimeOffset now)
        {
            lock (one) return endsAt <= now;
        }

        public long Used(DateTimeOffset now)
        {
            lock (one) return endsAt <= now ? 0 : used;
        }

        public (long Used, DateTimeOffset EndsAt) Add(DateTimeOffset now, TimeSpan window)
        {
            lock (one)
            {
                if (endsAt <= now) (used, endsAt) = (0, now + window);
                return (++used, endsAt);
            }
        }
    }
}
