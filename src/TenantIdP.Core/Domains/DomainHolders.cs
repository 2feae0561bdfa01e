using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Domains;

internal static class DomainHolders
{
    /// <summary>The verified domain that stands for a host: the most specific one, whoever holds it. Crosses organizations, because who holds it is the question.</summary>
    public static async Task<OrganizationDomain?> HolderAsync(this IdpDbContext db, HostName host, CancellationToken ct)
    {
        var hosts = host.SelfAndParents().ToArray();
        var holders = await db.Domains.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            .Where(d => hosts.Contains(d.Host) && d.VerifiedAt != null && (d.Host == host || d.IncludeSubdomains))
            .AsNoTracking().ToListAsync(ct);
        return holders.OrderByDescending(d => d.Host.Value.Length).FirstOrDefault();
    }
}
