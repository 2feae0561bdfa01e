using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace TenantIdP.Core.Instance;

/// <summary>Who does a scheduled work now, and when it was last done. A node that dies holds its lease until it runs out, and no longer.</summary>
public sealed class Lease(string name, string holder, DateTimeOffset expiresAt)
{
    public string Name { get; private set; } = name;
    public string Holder { get; private set; } = holder;
    public DateTimeOffset ExpiresAt { get; private set; } = expiresAt;

    /// <summary>When the work was last finished; null before.</summary>
    public DateTimeOffset? DoneAt { get; private set; }
}

internal sealed class LeaseMapping : IEntityTypeConfiguration<Lease>
{
    public void Configure(EntityTypeBuilder<Lease> lease)
    {
        lease.ToTable("leases");
        lease.HasKey(l => l.Name);
        lease.Property(l => l.Name).HasMaxLength(64);
        lease.Property(l => l.Holder).HasMaxLength(64);
    }
}
