using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;

namespace TenantIdP.Engine.OpenIddict.Stores;

/// <summary>
/// Clients by id and client id, detached, for at most <see cref="Lifetime"/>; a change on this node evicts at once. Holds at most <see cref="Limit"/> of them. Unknown ids are
/// not kept, so that guesses cost the guesser a query and us no memory.
/// </summary>
public sealed class AppCache(TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(15);
    public const int Limit = 2_000;

    private readonly ConcurrentDictionary<string, (OidcApplication App, DateTimeOffset ReadAt)> byClientId = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Guid, (OidcApplication App, DateTimeOffset ReadAt)> byId = new();

    public async ValueTask<OidcApplication?> FindByClientIdAsync(OidcSession session, string clientId, CancellationToken ct)
    {
        if (byClientId.TryGetValue(clientId, out var kept) && clock.GetUtcNow() - kept.ReadAt < Lifetime) return kept.App;
        return Keep(await session.Db.Applications.AsNoTracking().FirstOrDefaultAsync(a => a.ClientId == clientId, ct));
    }

    public async ValueTask<OidcApplication?> FindByIdAsync(OidcSession session, Guid id, CancellationToken ct)
    {
        if (byId.TryGetValue(id, out var kept) && clock.GetUtcNow() - kept.ReadAt < Lifetime) return kept.App;
        return Keep(await session.Db.Applications.AsNoTracking().FirstOrDefaultAsync(a => a.Id == id, ct));
    }

    public void Clear()
    {
        byClientId.Clear();
        byId.Clear();
    }

    private OidcApplication? Keep(OidcApplication? app)
    {
        if (app is null) return null;
        if (byId.Count >= Limit) Clear();
        var entry = (app, clock.GetUtcNow());
        byId[app.Id] = entry;
        byClientId[app.ClientId!] = entry; // every client has one
        return app;
    }
}
