using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Domains;

/// <summary>
/// That an organization has held a host, now or once. No row of the organization, which it outlives: whoever holds the host next does not inherit the people of the one before
/// (SECURITY.md C6), also when that one has released it or is deleted.
/// </summary>
public sealed class HostHolder(HostName host, Id<Organization> holderId)
{
    public HostName Host { get; private set; } = host;
    public Id<Organization> HolderId { get; private set; } = holderId;
}

internal sealed class HostHolderMapping : IEntityTypeConfiguration<HostHolder>
{
    public void Configure(EntityTypeBuilder<HostHolder> holder)
    {
        holder.ToTable("host_holders");
        holder.HasKey(h => new { h.Host, h.HolderId });
    }
}

internal static class HostHolders
{
    /// <summary>When it begins to hold them and when it ceases: a hold that is older than this memory is remembered at its end. The caller has the organization's lock, and saves.</summary>
    public static async Task RememberHolderAsync(this IdpDbContext db, Id<Organization> holder, IReadOnlyCollection<HostName> hosts, CancellationToken ct)
    {
        var known = await db.HostHolders.Where(h => hosts.Contains(h.Host) && h.HolderId == holder).Select(h => h.Host).ToListAsync(ct);
        db.HostHolders.AddRange(hosts.Except(known).Select(host => new HostHolder(host, holder)));
    }
}
