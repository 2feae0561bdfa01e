using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.SignIn;

/// <summary>Reads domains, connections and organizations, each question in one statement (a host of more than four labels in one for each three). Crosses organizations: which one it is, is the answer.</summary>
public sealed class RealmReader(IdpDbContext db, TimeProvider clock)
{
    private sealed record OrganizationRow(Id<Organization> Id, string DisplayName, OrganizationStatus Status, bool RequireSso, SsoEnforcement Sso, bool AcceptHomeSso, IReadOnlyList<RealmConnection> Connections)
    {
        /// <summary>Null unless people may enter it.</summary>
        public OrganizationRealm? ToRealm() => Status == OrganizationStatus.Active ? new OrganizationRealm(Id, DisplayName, RequireSso && Sso.IsOfEverybody, AcceptHomeSso, Connections) : null;
    }

    /// <summary>A holder with one of its active connections and one rule of the domain or, where it has none, without.</summary>
    private sealed record HolderRow(
        HostName Host, VerificationMethod? VerifiedBy, DateTimeOffset? LapsedAt, Id<Organization> Id, string DisplayName, OrganizationStatus Status, bool RequireSso, SsoEnforcement Sso, bool AcceptHomeSso,
        Id<Connection>? Connection, string? ConnectionName, int? Position, Id<Connection>? RuleConnection, string? RuleHost);

    private static readonly string[] OrganizationFilter = [IdpDbContext.OrganizationFilter];

    // A host and its parents, asked about at once: as many as almost all have. PostgreSQL keeps a plan for three values; for a list of any length it plans at each execution, which costs
    // several times what the look-up does.
    private const int AtOnce = 3;

    // A compiled query is of one model, and so of one store.
    private static readonly ConditionalWeakTable<IModel, Func<IdpDbContext, HostName, HostName, HostName, HostName, IAsyncEnumerable<HolderRow>>> Compiled = [];

    /// <summary>The host itself first, then each parent that includes its sub-domains.</summary>
    public async Task<DomainRealm?> ByHostAsync(HostName host, CancellationToken ct)
    {
        var holders = Compiled.GetValue(db.Model, static _ => CompileHolders());
        foreach (var names in host.SelfAndParents().Chunk(AtOnce))
        {
            var rows = await holders(db, host, names[0], names[names.Length / 2], names[^1]).ToListAsync(ct);
            if (rows.Count > 0) return MostSpecific(rows);
        }

        return null;
    }

    /// <summary>The most specific holder decides, also when it has no connection or is suspended: a child domain verified by somebody else is not its parent's.</summary>
    private static DomainRealm? MostSpecific(IReadOnlyList<HolderRow> rows)
    {
        var host = rows.Select(r => r.Host).MaxBy(h => h.Value.Length);
        var of = rows.Where(r => r.Host == host).ToList();
        RealmConnection[] connections = [.. of.Where(r => r.Connection is not null).DistinctBy(r => r.Connection).OrderBy(r => r.Connection).Select(r => new RealmConnection(r.Connection!.Value, r.ConnectionName!))]; // one has a name
        RealmRule[] rules = [.. of.Where(r => r.RuleConnection is not null).DistinctBy(r => r.Position).OrderBy(r => r.Position).Select(r => new RealmRule(r.RuleConnection!.Value, r.RuleHost))]; // filtered just now
        var organization = new OrganizationRow(of[0].Id, of[0].DisplayName, of[0].Status, of[0].RequireSso, of[0].Sso, of[0].AcceptHomeSso, connections);
        return organization.ToRealm() is { } holder ? new DomainRealm(holder, of[0] is { LapsedAt: null, VerifiedBy: { } method } && method.ProvesMail(), rules) : null;
    }

    /// <summary>What every sign-in asks first: compiled once, and flat, which is a third of what it would cost.</summary>
    private static Func<IdpDbContext, HostName, HostName, HostName, HostName, IAsyncEnumerable<HolderRow>> CompileHolders() => EF.CompileAsyncQuery((IdpDbContext db, HostName host, HostName first, HostName second, HostName third) => (
        from d in db.Domains.IgnoreAutoIncludes().IgnoreQueryFilters(OrganizationFilter)
        where (d.Host == first || d.Host == second || d.Host == third) && (d.Host == host || d.IncludeSubdomains) && d.VerifiedAt != null
        join o in db.Organizations on d.OrganizationId equals o.Id
        join c in db.Connections.Where(c => c.Status == ConnectionStatus.Active) on o.Id equals c.OrganizationId into actives
        from active in actives.DefaultIfEmpty()
        join r in db.DomainConnections on new { d.OrganizationId, d.Id } equals new { r.OrganizationId, Id = r.DomainId } into all
        from rule in all.DefaultIfEmpty()
        select new HolderRow(
            d.Host, d.VerifiedBy, d.LapsedAt, o.Id, o.DisplayName, o.Status, o.RequireSso, o.Sso, o.AcceptHomeSso, active == null ? null : active.Id, active == null ? null : active.DisplayName,
            rule == null ? null : rule.Position, rule == null ? null : rule.ConnectionId, rule == null ? null : rule.Host)).AsNoTracking());

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
