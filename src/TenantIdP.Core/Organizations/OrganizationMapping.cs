using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Organizations;

internal sealed class OrganizationMapping : IEntityTypeConfiguration<Organization>
{
    public void Configure(EntityTypeBuilder<Organization> organization)
    {
        organization.ToTable("organizations");
        organization.HasKey(o => o.Id);
        organization.Property(o => o.DisplayName).HasMaxLength(DisplayName.MaxLength);
        organization.Property(o => o.NameKey).HasMaxLength(DisplayName.MaxLength).HasDefaultValue("");
        organization.Property(o => o.ExternalId).HasMaxLength(200);
        organization.Property(o => o.Sso).HasJsonText().HasDefaultValue(SsoEnforcement.OfEverybody);
        organization.Property(o => o.Metadata).HasConversion(metadata => metadata.Json, json => Metadata.FromStore(json)).HasDefaultValue(Metadata.Empty);
        organization.Property(o => o.MembershipDomains).HasDefaultValue(MembershipDomains.Any);
        organization.Property(o => o.MembershipDomainList).HasJsonText().HasDefaultValueSql("'[]'");
        organization.HasIndex(o => o.Slug).IsUnique();
        organization.HasIndex(o => o.ExternalId).IsUnique();

        // The list by name, and by the beginning of a name; the id tells namesakes apart.
        organization.HasIndex(o => new { o.NameKey, o.Id });

        organization.HasOne<RoleSet>().WithMany().HasForeignKey(o => o.RoleSetId).OnDelete(DeleteBehavior.Restrict);

        // The daily look for those whose time has come.
        organization.HasIndex(o => o.PurgeAfter).HasFilter("purge_after IS NOT NULL");
    }
}
