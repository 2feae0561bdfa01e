using Microsoft.EntityFrameworkCore;

namespace TenantIdP.Core.Instance;

/// <summary>Deletes what has outlived its time. Crosses organizations; each row says itself until when it is kept.</summary>
public sealed class Pruning(IdpDbContext db, TimeProvider clock)
{
    // The rows (not those that are locks, which nobody holds) of works that are no more, such as the reading of a deleted connection's metadata.
    private static readonly TimeSpan LeaseKept = TimeSpan.FromDays(60);

    public async Task PruneAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var (abandoned, past) = (now - LeaseKept, now.ToUnixTimeMilliseconds());
        await db.SignInTraces.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(t => t.ExpiresAt <= now).ExecuteDeleteAsync(ct);
        await db.ReceivedAssertions.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(a => a.ExpiresAt <= now).ExecuteDeleteAsync(ct);
        // What the identity provider called a session is of use until that has ended, and is about a person.
        await db.UpstreamSessions.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(u => db.Sessions.Any(s => s.Id == u.SessionId && s.EndedAt != null)).ExecuteDeleteAsync(ct);
        await db.OrganizationSlugs.Where(s => s.Until <= now).ExecuteDeleteAsync(ct);
        await db.IdempotencyKeys.Where(k => k.ExpiresAt <= now).ExecuteDeleteAsync(ct);
        await db.Tallies.Where(t => t.ExpiresAt <= past).ExecuteDeleteAsync(ct);
        await db.Leases.Where(l => l.ExpiresAt <= abandoned && l.Holder != "").ExecuteDeleteAsync(ct);
    }
}
