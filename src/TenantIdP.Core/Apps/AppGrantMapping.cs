using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Apps;

internal sealed class AppGrantMapping : IEntityTypeConfiguration<AppGrant>
{
    public void Configure(EntityTypeBuilder<AppGrant> grant)
    {
        grant.ToTable("app_grants");
        grant.HasKey(g => new { g.OrganizationId, g.AppId });
        grant.Property(g => g.Permissions).HasJsonText();
        grant.HasOne<Organization>().WithMany().HasForeignKey(g => g.OrganizationId).OnDelete(DeleteBehavior.Cascade);
        grant.HasIndex(g => g.AppId);
    }
}
