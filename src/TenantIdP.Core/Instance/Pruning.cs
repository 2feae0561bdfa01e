using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Webhooks;

namespace TenantIdP.Core.Instance;

/// <summary>Deletes what has outlived its time. Crosses organizations; each row says itself until when it is kept.</summary>
public sealed class Pruning(IdpDbContext db, IGrantRevoker grants, TimeProvider clock)
{
    // The rows (not those that are locks, which nobody holds) of works that are no more, such as the reading of a deleted connection's metadata.
    private static readonly TimeSpan LeaseKept = TimeSpan.FromDays(60);

    /// <summary>How long a session is remembered after its end, for the list of what somebody did, and a stranger's address after a sign-in that was refused or a code that was mailed.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private const int Batch = 500;

    public async Task PruneAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var (abandoned, past) = (now - LeaseKept, now.ToUnixTimeMilliseconds());
        await db.SignInTraces.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(t => t.ExpiresAt <= now).ExecuteDeleteAsync(ct);
        await db.ReceivedAssertions.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(a => a.ExpiresAt <= now).ExecuteDeleteAsync(ct);
        // What the identity provider called a session is of use until that has ended, and is about a person.
        await db.UpstreamSessions.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(u => db.Sessions.Any(s => s.Id == u.SessionId && (s.EndedAt != null || s.ExpiresAt <= now))).ExecuteDeleteAsync(ct);
        await PruneSessionsAsync(now - Kept, ct);
        await PruneStrangersAsync(EventTypes.SignInRefused, now - Kept, ct);
        await PruneStrangersAsync(EventTypes.DomainAffiliationRequested, now - Kept, ct);
        await PruneStrangersAsync(EventTypes.InvitationCreated, now - Invitations.Invitation.LongestLife - Invitations.Invitation.Kept, ct);
        await db.DomainAffiliationCodes.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(c => c.ExpiresAt <= now).ExecuteDeleteAsync(ct);
        await db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(m => m.ExpiresAt <= now).ExecuteDeleteAsync(ct);
        await WebhookPruning.PruneAsync(db, now, ct);
        await DirectoryPruning.PruneAsync(db, now, ct);
        await db.OrganizationSlugs.Where(s => s.Until <= now).ExecuteDeleteAsync(ct);
        await db.MailedCodes.Where(c => c.ExpiresAt <= now).ExecuteDeleteAsync(ct);
        await db.IdempotencyKeys.Where(k => k.ExpiresAt <= now).ExecuteDeleteAsync(ct);
        await db.Tallies.Where(t => t.ExpiresAt <= past).ExecuteDeleteAsync(ct);
        await db.Leases.Where(l => l.ExpiresAt <= abandoned && l.Holder != "").ExecuteDeleteAsync(ct);
    }

    /// <summary>A grant outlives the browser's session that it came from, and is read with it: such a session stays as long as its grant.</summary>
    private async Task PruneSessionsAsync(DateTimeOffset before, CancellationToken ct)
    {
        for (Id<Session>? after = null; ;)
        {
            var over = db.Sessions.Where(s => s.ExpiresAt <= before || s.EndedAt <= before);
            if (after is { } last) over = over.Where(s => s.Id > last);
            var found = await over.OrderBy(s => s.Id).Select(s => s.Id).Take(Batch).ToListAsync(ct);
            if (found.Count == 0) return;
            var standing = await grants.StandingAsync(found, ct);
            var gone = found.Except(standing).ToList();
            if (gone.Count > 0) await db.Sessions.Where(s => gone.Contains(s.Id)).ExecuteDeleteAsync(ct);
            after = found[^1];
        }
    }

    // A row that names nobody we know could never be erased for the person it is about. The event and the chain stay: they cover its salted hash.
    private Task PruneStrangersAsync(string type, DateTimeOffset before, CancellationToken ct) =>
        db.PersonalEventData.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            .Where(p => p.UserId == null && db.Events.Any(e => e.OrganizationId == p.OrganizationId && e.Id == p.EventId && e.Type == type && e.OccurredAt <= before)).ExecuteDeleteAsync(ct);
}
