using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;

namespace TenantIdP.Core.Invitations;

/// <summary>Tells that invitations have expired, and forgets those that ended long ago. Whether one is open is compared at use, so nothing depends on when this runs. Crosses organizations: whose time has come.</summary>
public sealed class InvitationUpkeep(IdpDbContext db, EventLog events, TimeProvider clock)
{
    private const int Batch = 200;

    public async Task RunAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        while (await ExpireAsync(now, ct))
        {
            // one batch after the other
        }

        var past = now - Invitation.Kept;
        await db.Invitations.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(i => i.EndedAt <= past).ExecuteDeleteAsync(ct);
    }

    private async Task<bool> ExpireAsync(DateTimeOffset now, CancellationToken ct)
    {
        var due = await db.Invitations.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking()
            .Where(i => i.Status == InvitationStatus.Pending && i.ExpiresAt <= now).OrderBy(i => i.ExpiresAt).Select(i => new { i.OrganizationId, i.Id }).Take(Batch).ToListAsync(ct);
        foreach (var some in due.GroupBy(d => d.OrganizationId))
        {
            db.EnterOrganization(some.Key);
            foreach (var one in some)
            {
                // Sent again, accepted or revoked in this moment, perhaps: then there is nothing to tell.
                var invitation = await db.Invitations.SingleOrDefaultAsync(i => i.OrganizationId == some.Key && i.Id == one.Id, ct);
                if (invitation is not { Status: InvitationStatus.Pending } || invitation.IsOpen(now)) continue;
                invitation.Expire(now);
                events.Record(EventTypes.InvitationExpired, some.Key, one.Id.ToString());
                try
                {
                    await db.SaveChangesAsync(ct);
                }
                catch (DbUpdateConcurrencyException)
                {
                    db.DiscardChanges();
                }
            }

            db.ChangeTracker.Clear();
        }

        return due.Count == Batch;
    }
}
