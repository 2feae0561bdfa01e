using System.Collections.Frozen;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Instance;

namespace TenantIdP.Engine.OpenIddict.Stores;

/// <summary>
/// The origins that the registrations of all apps list, as one value for at most <see cref="AppCache.Lifetime"/>; a change of an app evicts it, as it evicts <see cref="AppCache"/>. One that nobody
/// has registered is answered from it, too: whoever makes up origins asks the database nothing.
/// </summary>
public sealed class AppOrigins(TimeProvider clock) : INodeCache, IDisposable
{
    // Narrows the read; the registration itself says what it lists.
    private const string WithoutOrigins = "\"allowedOrigins\":[]";

    private sealed record Known(FrozenSet<string> Origins, int Evictions, long ReadAt);

    private readonly SemaphoreSlim reading = new(1, 1);
    private volatile Known? known;
    private volatile int evictions;

    public string Name => NodeChange.Apps;

    public async ValueTask<bool> ContainsAsync(OidcSession session, string origin, CancellationToken ct)
    {
        if (Current is { } kept) return kept.Origins.Contains(origin);
        // One reads for all who wait.
        await reading.WaitAsync(ct);
        try
        {
            if (Current is { } read) return read.Origins.Contains(origin);
            // Read before an eviction, it is too old for whoever asks after it.
            var (seen, readAt) = (evictions, clock.GetTimestamp());
            var rows = await session.Db.Applications.AsNoTracking().Where(a => !a.Description!.Contains(WithoutOrigins)).ToListAsync(ct);
            var now = new Known(rows.SelectMany(row => AppRegistry.ToApp(row).AllowedOrigins).ToFrozenSet(StringComparer.Ordinal), seen, readAt);
            known = now;
            return now.Origins.Contains(origin);
        }
        finally
        {
            reading.Release();
        }
    }

    /// <summary>All of it: apps change seldom, and it is one statement.</summary>
    public void Evict(string? key) => Clear();

    public void Clear() => Interlocked.Increment(ref evictions);

    public void Dispose() => reading.Dispose();

    private Known? Current => known is { } kept && kept.Evictions == evictions && clock.GetElapsedTime(kept.ReadAt) < AppCache.Lifetime ? kept : null;
}
