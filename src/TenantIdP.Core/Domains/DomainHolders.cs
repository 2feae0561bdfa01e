using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Domains;

internal static class DomainHolders
{
    /// <summary>The verified domain that stands for a host: the most specific one, whoever holds it. Crosses organizations, because who holds it is the question.</summary>
    public static async Task<OrganizationDomain?> HolderAsync(this IdpDbContext db, HostName host, CancellationToken ct)
    {
        var hosts = host.SelfAndParents().ToArray();
        var holders = await db.Domains.IgnoreAutoIncludes().IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            .Where(d => hosts.Contains(d.Host) && d.VerifiedAt != null && (d.Host == host || d.IncludeSubdomains))
            .AsNoTracking().ToListAsync(ct);
        return holders.OrderByDescending(d => d.Host.Value.Length).FirstOrDefault();
    }

    /// <summary>Those whose proof stands and proves the mail domain (<see cref="OrganizationDomain.ProvesMail"/>).</summary>
    public static IQueryable<OrganizationDomain> ProvingMail(this IQueryable<OrganizationDomain> domains) =>
        domains.Where(d => d.VerifiedAt != null && d.LapsedAt == null && (d.VerifiedBy == VerificationMethod.Dns || d.VerifiedBy == VerificationMethod.Operator));

    /// <summary>The organization's own domain for a host, while its proof stands; null when somebody else holds the host, or nobody does.</summary>
    public static async Task<OrganizationDomain?> OwnDomainAsync(this IdpDbContext db, Id<Organization> organization, HostName host, CancellationToken ct) =>
        await db.HolderAsync(host, ct) is { IsVerified: true } domain && domain.OrganizationId == organization ? domain : null;

    /// <summary>The organization's own among the domains of these hosts, as <see cref="OwnDomainAsync"/> says of each.</summary>
    public static async Task<Dictionary<HostName, OrganizationDomain>> OwnDomainsAsync(this IdpDbContext db, Id<Organization> organization, IReadOnlyCollection<HostName> hosts, CancellationToken ct) =>
        (await db.StandingAsync(hosts, ct)).Where(d => d.Value.OrganizationId == organization).ToDictionary();

    /// <summary>The organization's own domain by which people of a host may ask to join: one whose proof stands, or while nobody holds the host one that is affiliated with it.</summary>
    public static async Task<OrganizationDomain?> AskableDomainAsync(this IdpDbContext db, Id<Organization> organization, HostName host, DateTimeOffset now, CancellationToken ct)
    {
        if (await db.HolderAsync(host, ct) is { } holder) return holder.IsVerified && holder.OrganizationId == organization ? holder : null;
        var claimed = await db.Domains.AsNoTracking().SingleOrDefaultAsync(d => d.OrganizationId == organization && d.Host == host, ct);
        return claimed?.IsAffiliated(now) == true ? claimed : null;
    }

    /// <summary>Whose verified domain each of these hosts is, in one statement. One that is nobody's is missing.</summary>
    public static async Task<Dictionary<HostName, Id<Organization>>> HoldersAsync(this IdpDbContext db, IReadOnlyCollection<HostName> hosts, CancellationToken ct) =>
        (await db.StandingAsync(hosts, ct)).ToDictionary(d => d.Key, d => d.Value.OrganizationId);

    private static async Task<Dictionary<HostName, OrganizationDomain>> StandingAsync(this IdpDbContext db, IReadOnlyCollection<HostName> hosts, CancellationToken ct)
    {
        if (hosts.Count == 0) return [];
        var wanted = hosts.SelectMany(host => host.SelfAndParents()).Distinct().ToArray();
        var verified = await db.Domains.IgnoreAutoIncludes().IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            .Where(d => wanted.Contains(d.Host) && d.VerifiedAt != null)
            .AsNoTracking().ToDictionaryAsync(d => d.Host, ct);
        var found = new Dictionary<HostName, OrganizationDomain>();
        foreach (var host in hosts.Distinct())
        {
            var holder = host.SelfAndParents().Select(verified.GetValueOrDefault).FirstOrDefault(d => d is not null && (d.Host == host || d.IncludeSubdomains));
            if (holder is { IsVerified: true }) found[host] = holder;
        }

        return found;
    }
}
