using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Domains;

/// <summary>The domains of the organization that was entered.</summary>
public sealed class DomainService(IdpDbContext db, EventLog events, ClaimableHosts hosts, DomainOptions options, DomainLifeCycle lives, TimeProvider clock)
{
    /// <param name="pasted">A host, an address after <c>@</c> or a URL, as people paste them.</param>
    public async Task<Result<OrganizationDomain>> ClaimAsync(Id<Organization> organization, string pasted, bool includeSubdomains, CancellationToken ct)
    {
        if (!HostName.TryParsePasted(pasted, out var host)) return DomainErrors.HostInvalid;
        var claimable = hosts.Check(host);
        if (!claimable.IsOk) return claimable.Error;
        return await db.InTransactionAsync<OrganizationDomain>(
            async () =>
            {
                // Under the lock: of many claims at once each counts those before it.
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                var known = await db.Domains.Where(d => d.OrganizationId == organization).GroupBy(d => 1).Select(all => new { Count = all.Count(), Claimed = all.Any(d => d.Host == host) }).SingleOrDefaultAsync(ct);
                if (known is { Claimed: true }) return DomainErrors.AlreadyClaimed;
                if (known?.Count >= options.MaxPerOrganization) return DomainErrors.LimitReached;
                var now = clock.GetUtcNow();
                var domain = OrganizationDomain.Claim(organization, host, includeSubdomains, now);
                db.Domains.Add(domain);
                db.DomainWatches.Add(DomainWatch.Over(domain, options.Methods[0], now));
                events.Record(EventTypes.DomainClaimed, organization, domain.Id.ToString(), new { host = host.Value, includeSubdomains });
                var saved = await db.TrySaveAsync(HostLocks.Unique, ct);
                return saved.IsOk ? domain : saved.Error;
            }, ct);
    }

    public async Task<Result<OrganizationDomain>> FindAsync(Id<Organization> organization, Id<OrganizationDomain> id, CancellationToken ct) =>
        await db.Domains.AsNoTracking().SingleOrDefaultAsync(d => d.OrganizationId == organization && d.Id == id, ct) is { } found ? found : DomainErrors.NotFound;

    public async Task<Result<Page<OrganizationDomain>>> ListAsync(Id<Organization> organization, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<OrganizationDomain>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        var domains = db.Domains.AsNoTracking().Where(d => d.OrganizationId == organization);
        if (after is { } id) domains = domains.Where(d => d.Id > id);
        return await domains.OrderBy(d => d.Id).TakePageAsync(page, d => d.Id.ToString(), ct);
    }

    /// <summary>
    /// An operator vouches for the claim. Of two organizations at once one wins: the unique index over held hosts decides. What another organization has let lapse passes after
    /// its notice.
    /// </summary>
    public async Task<Result<OrganizationDomain>> VerifyByOperatorAsync(Id<Organization> organization, Id<OrganizationDomain> id, string reason, CancellationToken ct)
    {
        var checkedReason = DisplayName.Check(reason, "reason");
        if (!checkedReason.IsOk) return checkedReason.Error;
        var vouched = await lives.VouchAsync(organization, id, checkedReason.Value, ct);
        return vouched.IsOk ? vouched.Value.Domain : vouched.Error;
    }

    /// <summary>Gives the host up: it routes nobody any more and may be verified by another organization.</summary>
    public async Task<Result> ReleaseAsync(Id<Organization> organization, Id<OrganizationDomain> id, CancellationToken ct)
    {
        var released = await db.InTransactionAsync<bool>(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                var domain = await db.Domains.SingleOrDefaultAsync(d => d.OrganizationId == organization && d.Id == id, ct);
                if (domain is null) return DomainErrors.NotFound;
                // What switched the policy on is what it stands on: a meta tag or a file proves too little (DESIGN.md section 6.2).
                if (domain.IsVerified && await db.Organizations.AnyAsync(o => o.Id == organization && o.RequireSso, ct)
                    && !await db.Domains.ProvingMail().AnyAsync(d => d.OrganizationId == organization && d.Id != id, ct))
                    return DomainErrors.StillRequired;
                if (domain.IsHeld) await db.RememberHolderAsync(organization, [domain.Host], ct);
                db.Domains.Remove(domain);
                events.Record(EventTypes.DomainReleased, organization, id.ToString(), new { host = domain.Host.Value, wasVerified = domain.IsVerified });
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? true : saved.Error;
            }, ct);
        return released.IsOk ? Result.Ok : released.Error;
    }
}
