using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Instance;

namespace TenantIdP.Core.Apis;

/// <summary>
/// Every API of the instance (there are few), read once and kept for at most <see cref="Lifetime"/>; a change on this node evicts it at once.
/// </summary>
public sealed class ApiCatalog(TimeProvider clock, Telemetry telemetry)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private sealed record Snapshot(Dictionary<string, Api> ByIdentifier, DateTimeOffset ReadAt);

    private volatile Snapshot? current;

    public async ValueTask<Api?> FindAsync(IdpDbContext db, string identifier, CancellationToken ct) => (await ReadAsync(db, ct)).GetValueOrDefault(identifier);

    public async ValueTask<IReadOnlyCollection<Api>> AllAsync(IdpDbContext db, CancellationToken ct) => (await ReadAsync(db, ct)).Values;

    private async ValueTask<Dictionary<string, Api>> ReadAsync(IdpDbContext db, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var snapshot = current;
        var isKept = snapshot is not null && now - snapshot.ReadAt < Lifetime;
        telemetry.CacheRequest("apis", isKept);
        if (snapshot is null || !isKept)
        {
            var apis = await db.Apis.AsNoTracking().ToListAsync(ct);
            current = snapshot = new Snapshot(apis.ToDictionary(a => a.Identifier, StringComparer.Ordinal), now);
        }

        return snapshot.ByIdentifier;
    }

    public void Evict() => current = null;
}
