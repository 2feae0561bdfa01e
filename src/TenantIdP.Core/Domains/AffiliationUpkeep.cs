using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Domains;

/// <summary>
/// Ends affiliations that are a year old, or whose host another organization has proven since, and tells it. Whether one counts is compared at use, so nobody is let in because this
/// runs late. Crosses organizations: whose time has come.
/// </summary>
public sealed class AffiliationUpkeep(IdpDbContext db, EventLog events, TimeProvider clock)
{
    private const int Batch = 200;

    public async Task RunAsync(CancellationToken ct)
    {
        while (await EndAsync(ct))
        {
            // one batch after the other
        }
    }

    private async Task<bool> EndAsync(CancellationToken ct)
    {
        var past = clock.GetUtcNow() - OrganizationDomain.AffiliatedFor;
        var due = await (
            from d in db.Domains.IgnoreAutoIncludes().IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where d.AffiliatedAt != null
            let isHeld = db.Domains.Any(h => h.Host == d.Host && h.VerifiedAt != null)
            where d.AffiliatedAt <= past || isHeld
            orderby d.AffiliatedAt
            select new { d.OrganizationId, d.Id, IsHeld = isHeld }).Take(Batch).AsNoTracking().ToListAsync(ct);
        foreach (var one in due)
        {
            db.EnterOrganization(one.OrganizationId);
            var domain = await db.Domains.SingleOrDefaultAsync(d => d.OrganizationId == one.OrganizationId && d.Id == one.Id, ct);
            if (domain is not { AffiliatedAt: not null }) continue; // given up or proven in this moment
            domain.EndAffiliation(clock.GetUtcNow());
            events.Record(EventTypes.DomainAffiliationEnded, one.OrganizationId, one.Id.ToString(), new { host = domain.Host.Value, reason = domain.IsHeld ? "verified" : one.IsHeld ? "verified_elsewhere" : "expired" });
            await db.TrySaveAsync(ct); // changed in this moment: the next turn finds it again
            db.ChangeTracker.Clear();
        }

        return due.Count == Batch;
    }
}
