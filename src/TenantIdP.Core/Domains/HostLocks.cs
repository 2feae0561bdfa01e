using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Domains;

/// <summary>
/// One transaction under the locks of all organizations that a host concerns, in the order of their ids. Crosses organizations: who holds the host and who waits for it is the
/// question.
/// </summary>
public sealed class HostLocks(IdpDbContext db)
{
    private const int MostTries = 3;

    internal static readonly Dictionary<string, Error> Unique = new()
    {
        ["ux_organization_domains_organization_id_host"] = DomainErrors.AlreadyClaimed,
        ["ux_organization_domains_host"] = DomainErrors.Unavailable,
        ["ux_organization_domains_transfer"] = DomainErrors.Unavailable,
    };

    /// <summary>Whom the host concerns may change before the locks are there: then it is asked again, unless the caller has a transaction of its own.</summary>
    public async Task<Result<DomainVerdict>> InLocksAsync(Id<Organization> organization, Id<OrganizationDomain> id, Func<OrganizationDomain, IReadOnlyList<OrganizationDomain>, Task<Result<DomainVerdict>>> step, CancellationToken ct)
    {
        var mayRepeat = db.Database.CurrentTransaction is null;
        for (var left = MostTries; ; left--)
        {
            var done = await TryInLocksAsync(organization, id, step, ct);
            if (done.IsOk || done.Error != VersionErrors.ChangedMeanwhile || !mayRepeat || left == 1) return done;
            db.ChangeTracker.Clear();
        }
    }

    private async Task<Result<DomainVerdict>> TryInLocksAsync(Id<Organization> organization, Id<OrganizationDomain> id, Func<OrganizationDomain, IReadOnlyList<OrganizationDomain>, Task<Result<DomainVerdict>>> step, CancellationToken ct)
    {
        db.EnterOrganization(organization);
        var host = await db.Domains.AsNoTracking().Where(d => d.OrganizationId == organization && d.Id == id).Select(d => (HostName?)d.Host).SingleOrDefaultAsync(ct);
        if (host is not { } claimed) return DomainErrors.NotFound;
        var concerned = await Rivals(organization, claimed).AsNoTracking().Select(d => d.OrganizationId).ToListAsync(ct);
        return await db.InTransactionAsync<DomainVerdict>(
            async () =>
            {
                foreach (var owner in concerned.Append(organization).Distinct().Order())
                {
                    if (!await db.LockAsync(owner, ct) && owner == organization) return OrganizationErrors.NotFound;
                }

                var domain = await db.Domains.SingleOrDefaultAsync(d => d.OrganizationId == organization && d.Id == id, ct);
                if (domain is null) return DomainErrors.NotFound;
                var rivals = await Rivals(organization, claimed).ToListAsync(ct);
                if (rivals.Any(r => !concerned.Contains(r.OrganizationId))) return VersionErrors.ChangedMeanwhile;
                var done = await StepAsync(() => step(domain, rivals));
                if (!done.IsOk) return done.Error;
                var saved = await db.TrySaveAsync(Unique, ct);
                return saved.IsOk ? done.Value : saved.Error;
            }, ct);
    }

    /// <summary>The rows of others are saved on the way; a change of one that does not take the lock is seen there.</summary>
    private async Task<Result<DomainVerdict>> StepAsync(Func<Task<Result<DomainVerdict>>> step)
    {
        try
        {
            return await step();
        }
        catch (DbUpdateConcurrencyException)
        {
            db.DiscardChanges();
            return VersionErrors.ChangedMeanwhile;
        }
    }

    private IQueryable<OrganizationDomain> Rivals(Id<Organization> organization, HostName host) =>
        db.Domains.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(d => d.Host == host && d.OrganizationId != organization && (d.VerifiedAt != null || d.TransferAt != null));
}
