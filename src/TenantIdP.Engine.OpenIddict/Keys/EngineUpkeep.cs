using TenantIdP.Core.Instance;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Engine.OpenIddict.Stores;

namespace TenantIdP.Engine.OpenIddict.Keys;

/// <summary>What one node does for all.</summary>
public sealed class EngineUpkeep(OidcSession session, KeyRing ring, SessionOptions sessions, TimeProvider clock) : IEngineUpkeep
{
    /// <summary>A dead token or grant is still found for this long, so that its late use is told from that of one we never made.</summary>
    private static readonly TimeSpan DeadKept = TimeSpan.FromDays(1);

    public async Task RotateKeysAsync(CancellationToken ct)
    {
        // Told after the keys are there and not in one transaction: creating a key must be able to lose a race.
        if (await ring.RotateAsync(session.Db, ct)) await session.AnnounceAsync(new NodeChange(NodeChange.SigningKeys, null), ct);
    }

    public Task PruneAsync(CancellationToken ct)
    {
        var dead = clock.GetUtcNow() - DeadKept;
        return session.PruneAsync(dead, dead - TimeSpan.FromDays(sessions.AbsoluteDays), ct);
    }
}
