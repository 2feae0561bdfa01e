using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Roles;

internal sealed class RoleMapping : IEntityTypeConfiguration<Role>
{
    public void Configure(EntityTypeBuilder<Role> role)
    {
        role.ToTable("roles", table => table.HasCheckConstraint(
            "ck_roles_extends",
            "extends_organization_id = organization_id OR extends_organization_id = '00000000-0000-0000-0000-000000000000'"));
        role.HasKey(r => new { r.OrganizationId, r.Id });
        role.Property(r => r.Key).HasMaxLength(63);
        role.Property(r => r.DisplayName).HasMaxLength(DisplayName.MaxLength);
        role.Property(r => r.Permissions).HasJsonText();
        role.Property(r => r.OwnPermissions).HasJsonText();
        role.Property(r => r.Withheld).HasJsonText();
        role.Property(r => r.AssignableBy).HasJsonText();
        role.Property(r => r.Extends).HasMaxLength(63);
        role.Property(r => r.BuiltInBase).HasMaxLength(63);
        role.Ignore(r => r.IsBuiltIn);

        // Whole organizations go in one statement, so the roles that extend one another must be allowed to go together.
        role.HasOne<Role>().WithMany().HasForeignKey(r => new { r.ExtendsOrganizationId, r.ExtendsId }).OnDelete(DeleteBehavior.NoAction);
        role.HasIndex(r => new { r.OrganizationId, r.Key }).IsUnique();
    }
}
