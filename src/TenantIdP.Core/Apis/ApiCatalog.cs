using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Instance;

namespace TenantIdP.Core.Apis;

/// <summary>
/// Every API of the instance (there are few), read once and kept for at most <see cref="Lifetime"/>; a change evicts it on every node.
/// </summary>
public sealed class ApiCatalog(TimeProvider clock, Telemetry telemetry) : INodeCache
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private sealed record Snapshot(Dictionary<string, Api> ByIdentifier, long ReadAt);

    private volatile Snapshot? current;
    private volatile int evictions;

    public string Name => NodeChange.Apis;

    public async ValueTask<Api?> FindAsync(IdpDbContext db, string identifier, CancellationToken ct) => (await ReadAsync(db, ct)).GetValueOrDefault(identifier);

    public async ValueTask<IReadOnlyCollection<Api>> AllAsync(IdpDbContext db, CancellationToken ct) => (await ReadAsync(db, ct)).Values;

    private async ValueTask<Dictionary<string, Api>> ReadAsync(IdpDbContext db, CancellationToken ct)
    {
        var snapshot = current;
        var isKept = snapshot is not null && clock.GetElapsedTime(snapshot.ReadAt) < Lifetime;
        telemetry.CacheRequest(Name, isKept);
        if (snapshot is not null && isKept) return snapshot.ByIdentifier;
        var (seen, readAt) = (evictions, clock.GetTimestamp());
        var apis = await db.Apis.AsNoTracking().ToListAsync(ct);
        var read = new Snapshot(apis.ToDictionary(a => a.Identifier, StringComparer.Ordinal), readAt);

        // Read before an eviction and kept after it, a row would outlive the change that it was evicted for.
        if (seen == evictions) current = read;
        return read.ByIdentifier;
    }

    public void Evict(string? key = null)
    {
        Interlocked.Increment(ref evictions);
        current = null;
    }
}
