using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Instance;

namespace TenantIdP.Engine.OpenIddict.Stores;

/// <summary>
/// Clients by id and client id, detached, for at most <see cref="Lifetime"/>; a change evicts at once, on the other nodes as soon as they are told. Holds at most <see cref="Limit"/> of them. Unknown ids are
/// not kept, so that guesses cost the guesser a query and us no memory.
/// </summary>
/// <param name="telemetry">Null counts nothing.</param>
public sealed class AppCache(TimeProvider clock, Telemetry? telemetry = null) : INodeCache
{
    public const string CacheName = "apps";

    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(15);
    public const int Limit = 2_000;

    private volatile int evictions;

    private readonly ConcurrentDictionary<string, (OidcApplication App, DateTimeOffset ReadAt)> byClientId = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Guid, (OidcApplication App, DateTimeOffset ReadAt)> byId = new();

    public async ValueTask<OidcApplication?> FindByClientIdAsync(OidcSession session, string clientId, CancellationToken ct)
    {
        var isKept = byClientId.TryGetValue(clientId, out var kept) && clock.GetUtcNow() - kept.ReadAt < Lifetime;
        telemetry?.CacheRequest(CacheName, isKept);
        if (isKept) return kept.App;
        var seen = evictions;
        return Keep(await session.Db.Applications.AsNoTracking().FirstOrDefaultAsync(a => a.ClientId == clientId, ct), seen);
    }

    public async ValueTask<OidcApplication?> FindByIdAsync(OidcSession session, Guid id, CancellationToken ct)
    {
        var isKept = byId.TryGetValue(id, out var kept) && clock.GetUtcNow() - kept.ReadAt < Lifetime;
        telemetry?.CacheRequest(CacheName, isKept);
        if (isKept) return kept.App;
        var seen = evictions;
        return Keep(await session.Db.Applications.AsNoTracking().FirstOrDefaultAsync(a => a.Id == id, ct), seen);
    }

    public string Name => CacheName;

    public void Evict() => Clear();

    public void Clear()
    {
        Interlocked.Increment(ref evictions);
        byClientId.Clear();
        byId.Clear();
    }

    private OidcApplication? Keep(OidcApplication? app, int seen)
    {
        // Read before an eviction and kept after it, a row would outlive the change that it was evicted for.
        if (app is null || seen != evictions) return app;
        if (byId.Count >= Limit) Clear();
        var entry = (app, clock.GetUtcNow());
        byId[app.Id] = entry;
        byClientId[app.ClientId!] = entry; // every client has one
        return app;
    }
}
