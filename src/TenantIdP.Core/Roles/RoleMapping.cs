using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Roles;

internal sealed class RoleMapping : IEntityTypeConfiguration<Role>
{
    public void Configure(EntityTypeBuilder<Role> role)
    {
        role.ToTable("roles");
        role.HasKey(r => new { r.OrganizationId, r.Id });
        role.Property(r => r.Key).HasMaxLength(63);
        role.Property(r => r.DisplayName).HasMaxLength(DisplayName.MaxLength);
        role.Property(r => r.Permissions).HasJsonText();
        role.Ignore(r => r.IsBuiltIn);
        role.HasIndex(r => new { r.OrganizationId, r.Key }).IsUnique();
    }
}
