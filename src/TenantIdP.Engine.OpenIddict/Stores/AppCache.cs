using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Instance;

namespace TenantIdP.Engine.OpenIddict.Stores;

/// <summary>
/// Clients by id and client id, detached, for at most <see cref="Lifetime"/>; a change evicts at once, on the other nodes as soon as they are told. Holds at most <see cref="Limit"/> of them. Unknown ids are
/// not kept, so that guesses cost the guesser a query and us no memory.
/// </summary>
/// <param name="telemetry">Null counts nothing.</param>
public sealed class AppCache(TimeProvider clock, Telemetry? telemetry = null) : INodeCache
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(15);
    public const int Limit = 2_000;

    private volatile int evictions;

    private readonly ConcurrentDictionary<string, (OidcApplication App, long ReadAt)> byClientId = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Guid, (OidcApplication App, long ReadAt)> byId = new();

    private readonly ConditionalWeakTable<OidcApplication, App> read = [];

    public async ValueTask<OidcApplication?> FindByClientIdAsync(OidcSession session, string clientId, CancellationToken ct)
    {
        var isKept = byClientId.TryGetValue(clientId, out var kept) && clock.GetElapsedTime(kept.ReadAt) < Lifetime;
        telemetry?.CacheRequest(Name, isKept);
        if (isKept) return kept.App;
        var (seen, readAt) = (evictions, clock.GetTimestamp());
        return Keep(await session.Db.Applications.AsNoTracking().FirstOrDefaultAsync(a => a.ClientId == clientId, ct), seen, readAt);
    }

    public async ValueTask<OidcApplication?> FindByIdAsync(OidcSession session, Guid id, CancellationToken ct)
    {
        var isKept = byId.TryGetValue(id, out var kept) && clock.GetElapsedTime(kept.ReadAt) < Lifetime;
        telemetry?.CacheRequest(Name, isKept);
        if (isKept) return kept.App;
        var (seen, readAt) = (evictions, clock.GetTimestamp());
        return Keep(await session.Db.Applications.AsNoTracking().FirstOrDefaultAsync(a => a.Id == id, ct), seen, readAt);
    }

    /// <summary>What a row of this cache says, read once.</summary>
    public App Read(OidcApplication row) => read.GetValue(row, AppRegistry.ToApp);

    public string Name => NodeChange.Apps;

    /// <summary>All of them: apps change seldom, and one is a statement.</summary>
    public void Evict(string? key) => Clear();

    public void Clear()
    {
        Interlocked.Increment(ref evictions);
        byClientId.Clear();
        byId.Clear();
    }

    private OidcApplication? Keep(OidcApplication? app, int seen, long readAt)
    {
        // Read before an eviction and kept after it, a row would outlive the change that it was evicted for.
        if (app is null || seen != evictions) return app;
        if (byId.Count >= Limit) Clear();
        var entry = (app, readAt);
        byId[app.Id] = entry;
        byClientId[app.ClientId!] = entry; // every client has one
        return app;
    }
}
