using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Domains;

internal sealed class DomainMapping : IEntityTypeConfiguration<OrganizationDomain>, IEntityTypeConfiguration<DomainConnection>
{
    public void Configure(EntityTypeBuilder<OrganizationDomain> domain)
    {
        domain.ToTable("organization_domains");
        domain.HasKey(d => new { d.OrganizationId, d.Id });
        domain.Property(d => d.Challenge).HasMaxLength(64);
        domain.Property(d => d.VerificationReason).HasMaxLength(DisplayName.MaxLength);
        domain.Property(d => d.Assignment).HasDefaultValue(AssignmentMode.Off);
        domain.Property(d => d.DefaultRoleKey).HasMaxLength(63).HasDefaultValue(Roles.BuiltInRoles.Member);
        domain.HasMany(d => d.Connections).WithOne().HasForeignKey(c => new { c.OrganizationId, c.DomainId }).OnDelete(DeleteBehavior.Cascade);
        domain.Navigation(d => d.Connections).UsePropertyAccessMode(PropertyAccessMode.Field).AutoInclude();
        domain.Ignore(d => d.IsVerified).Ignore(d => d.IsHeld).Ignore(d => d.Status).Ignore(d => d.AffiliatedBy).Ignore(d => d.AffiliatedUntil);
        domain.HasOne<Organization>().WithMany().HasForeignKey(d => d.OrganizationId).OnDelete(DeleteBehavior.Cascade);

        // Many organizations may claim a host; one may hold it, from the proof until it passes on or is released; and one may wait to take it over. The database decides the
        // races, HostLocks names the error.
        domain.HasIndex(d => new { d.OrganizationId, d.Host }).IsUnique();
        domain.HasIndex(d => d.Host, "ux_organization_domains_host").IsUnique().HasFilter("verified_at IS NOT NULL");
        domain.HasIndex(d => d.Host, "ux_organization_domains_transfer").IsUnique().HasFilter("transfer_at IS NOT NULL AND verified_at IS NULL");

        // Any number of organizations may be affiliated with a host.
        domain.HasIndex(d => d.Host, "ix_organization_domains_affiliated").HasFilter("affiliated_at IS NOT NULL");
    }

    public void Configure(EntityTypeBuilder<DomainConnection> rule)
    {
        rule.ToTable("domain_connections");
        rule.HasKey(r => new { r.OrganizationId, r.DomainId, r.Position });
        rule.Property(r => r.Host).HasMaxLength(HostName.MaxLength + DomainConnection.Wildcard.Length);
        rule.HasOne<Connection>().WithMany().HasForeignKey(r => new { r.OrganizationId, r.ConnectionId }).OnDelete(DeleteBehavior.Cascade);
    }
}
