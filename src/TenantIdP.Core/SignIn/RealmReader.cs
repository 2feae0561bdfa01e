using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.SignIn;

/// <summary>Reads domains, connections and organizations, each question in one statement. Crosses organizations: which one it is, is the answer.</summary>
public sealed class RealmReader(IdpDbContext db, TimeProvider clock)
{
    private sealed record OrganizationRow(Id<Organization> Id, string DisplayName, OrganizationStatus Status, bool RequireSso, SsoEnforcement Sso, bool AcceptHomeSso, IReadOnlyList<RealmConnection> Connections)
    {
        /// <summary>Null unless people may enter it.</summary>
        public OrganizationRealm? ToRealm() => Status == OrganizationStatus.Active ? new OrganizationRealm(Id, DisplayName, RequireSso && Sso.IsOfEverybody, AcceptHomeSso, Connections) : null;
    }

    /// <summary>The host itself first, then each parent that includes its sub-domains.</summary>
    public async Task<DomainRealm?> ByHostAsync(HostName host, CancellationToken ct)
    {
        var hosts = host.SelfAndParents().ToArray();
        var holders = await (
            from d in db.Domains.IgnoreAutoIncludes().IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where hosts.Contains(d.Host) && d.VerifiedAt != null && (d.Host == host || d.IncludeSubdomains)
            join o in db.Organizations on d.OrganizationId equals o.Id
            select new
            {
                d.Host, d.VerifiedBy, d.LapsedAt,
                Organization = new OrganizationRow(
                    o.Id, o.DisplayName, o.Status, o.RequireSso, o.Sso, o.AcceptHomeSso,
                    db.Connections.Where(c => c.OrganizationId == o.Id && c.Status == ConnectionStatus.Active).OrderBy(c => c.Id).Select(c => new RealmConnection(c.Id, c.DisplayName)).ToList()),
                Rules = db.DomainConnections.Where(r => r.OrganizationId == d.OrganizationId && r.DomainId == d.Id).OrderBy(r => r.Position).Select(r => new RealmRule(r.ConnectionId, r.Host)).ToList(),
            }).AsNoTracking().AsSingleQuery().ToListAsync(ct);

        // The most specific holder decides, also when it has no connection or is suspended: a child domain verified by somebody else is not its parent's.
        var best = holders.OrderByDescending(h => h.Host.Value.Length).FirstOrDefault();
        return best?.Organization.ToRealm() is { } holder ? new DomainRealm(holder, best is { LapsedAt: null, VerifiedBy: { } method } && method.ProvesMail(), best.Rules) : null;
    }

    public async Task<OrganizationRealm?> ByOrganizationAsync(string idOrSlug, CancellationToken ct)
    {
        if (Id<Organization>.TryParse(idOrSlug, out var id)) return await FindAsync(o => o.Id == id, ct);
        if (!Slug.TryParse(idOrSlug, out var slug)) return null;
        if (await FindAsync(o => o.Slug == slug, ct) is { } found) return found;
        return await db.FormerOwnerAsync(slug, clock.GetUtcNow(), ct) is { } former ? await FindAsync(o => o.Id == former, ct) : null;
    }

    public Task<OrganizationRealm?> ByConnectionAsync(Id<Connection> connection, CancellationToken ct)
    {
        var connections = db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]);
        return FindAsync(o => connections.Any(c => c.OrganizationId == o.Id && c.Id == connection && c.Status == ConnectionStatus.Active), ct);
    }

    private async Task<OrganizationRealm?> FindAsync(Expression<Func<Organization, bool>> named, CancellationToken ct)
    {
        var row = await db.Organizations.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(named)
            .Select(o => new OrganizationRow(
                o.Id, o.DisplayName, o.Status, o.RequireSso, o.Sso, o.AcceptHomeSso,
                db.Connections.Where(c => c.OrganizationId == o.Id && c.Status == ConnectionStatus.Active).OrderBy(c => c.Id).Select(c => new RealmConnection(c.Id, c.DisplayName)).ToList()))
            .AsNoTracking().AsSingleQuery().SingleOrDefaultAsync(ct);
        return row?.ToRealm();
    }
}
