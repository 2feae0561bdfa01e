using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Roles;

internal sealed class RoleSetMapping : IEntityTypeConfiguration<RoleSet>, IEntityTypeConfiguration<RoleSetRole>
{
    public void Configure(EntityTypeBuilder<RoleSet> set)
    {
        set.ToTable("role_sets");
        set.HasKey(s => s.Id);
        set.Property(s => s.DisplayName).HasMaxLength(DisplayName.MaxLength);
        set.HasMany(s => s.Roles).WithOne().HasForeignKey(r => r.RoleSetId).OnDelete(DeleteBehavior.Cascade);
        set.Navigation(s => s.Roles).UsePropertyAccessMode(PropertyAccessMode.Field);
    }

    public void Configure(EntityTypeBuilder<RoleSetRole> role)
    {
        // Only roles of the instance: those of a customer are in no set.
        role.ToTable("role_set_roles", table => table.HasCheckConstraint("ck_role_set_roles_owner", "role_organization_id = '00000000-0000-0000-0000-000000000000'"));
        role.HasKey(r => new { r.RoleSetId, r.RoleId });
        role.HasOne<Role>().WithMany().HasForeignKey(r => new { r.RoleOrganizationId, r.RoleId }).OnDelete(DeleteBehavior.Cascade);
    }
}
