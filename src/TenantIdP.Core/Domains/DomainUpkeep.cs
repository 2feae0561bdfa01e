using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Domains;

/// <param name="Challenge">The token to look for.</param>
public sealed record DueDomain(Id<Organization> Organization, Id<OrganizationDomain> Domain, HostName Host, string Challenge, VerificationMethod Method);

/// <summary>The looks that are due, of all organizations. One that is cut off is due again.</summary>
public sealed class DomainUpkeep(IdpDbContext db, IDomainProver prover, DomainLifeCycle lives, DomainOptions options, TimeProvider clock)
{
    public Task<bool> IsDueAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        return db.DomainWatches.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AnyAsync(w => w.NextCheckAt != null && w.NextCheckAt <= now, ct);
    }

    /// <summary>The longest due first.</summary>
    public async Task<IReadOnlyList<DueDomain>> DueAsync(int most, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        return await (
            from w in db.DomainWatches.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where w.NextCheckAt != null && w.NextCheckAt <= now
            join d in db.Domains on new { w.OrganizationId, Id = w.DomainId } equals new { d.OrganizationId, d.Id }
            orderby w.NextCheckAt
            select new DueDomain(d.OrganizationId, d.Id, d.Host, d.Challenge, w.Method)).Take(most).AsNoTracking().ToListAsync(ct);
    }

    /// <summary>Looks and judges. What could not be judged stays due.</summary>
    public async Task<Result<DomainVerdict>> CheckAsync(DueDomain due, CancellationToken ct)
    {
        db.EnterOrganization(due.Organization);
        if (due.Method == VerificationMethod.Operator) return await lives.TakeOverAsync(due.Organization, due.Domain, ct);
        var evidence = options.Methods.Contains(due.Method)
            ? await prover.LookAsync(due.Method, due.Host, due.Challenge, due.Organization.ToString(), ct)
            : new DomainEvidence(due.Method, Proven: false, Conclusive: true, []);
        return await lives.JudgeAsync(due.Organization, due.Domain, due.Challenge, evidence, scheduled: true, ct);
    }

    /// <summary>After a look that failed on our side: it says nothing about the domain, and comes again later than those that wait.</summary>
    public async Task PostponeAsync(DueDomain due, CancellationToken ct)
    {
        db.EnterOrganization(due.Organization);
        var now = clock.GetUtcNow();
        if (await db.DomainWatches.SingleOrDefaultAsync(w => w.DomainId == due.Domain && w.NextCheckAt <= now, ct) is not { } watch) return;
        watch.Postpone(now);
        await db.SaveChangesAsync(ct);
    }
}
