using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Members;

internal sealed class MembershipMapping : IEntityTypeConfiguration<Membership>, IEntityTypeConfiguration<MembershipRole>
{
    public void Configure(EntityTypeBuilder<Membership> membership)
    {
        membership.ToTable("memberships");
        membership.HasKey(m => new { m.OrganizationId, m.Id });
        membership.Property(m => m.NameOverlay).HasMaxLength(DisplayName.MaxLength);
        membership.Ignore(m => m.HasDirectoryRoles);
        membership.HasOne<Organization>().WithMany().HasForeignKey(m => m.OrganizationId).OnDelete(DeleteBehavior.Cascade);
        membership.HasOne<User>().WithMany().HasForeignKey(m => m.UserId).OnDelete(DeleteBehavior.Cascade);
        membership.HasMany(m => m.Roles).WithOne().HasForeignKey(r => new { r.OrganizationId, r.MembershipId }).OnDelete(DeleteBehavior.Cascade);
        membership.Navigation(m => m.Roles).UsePropertyAccessMode(PropertyAccessMode.Field);

        // A person is in an organization once, whatever happened before: a removed membership is found again, never doubled.
        membership.HasIndex(m => new { m.OrganizationId, m.UserId }).IsUnique();
    }

    public void Configure(EntityTypeBuilder<MembershipRole> role)
    {
        // The role belongs to this organization or to the instance: the database refuses a role of another customer.
        role.ToTable("membership_roles", table => table.HasCheckConstraint(
            "ck_membership_roles_owner",
            "role_organization_id = organization_id OR role_organization_id = '00000000-0000-0000-0000-000000000000'"));
        role.HasKey(r => new { r.OrganizationId, r.MembershipId, r.RoleId, r.Source, r.SourceId });
        role.Property(r => r.SourceId).HasMaxLength(64);
        role.HasOne<Role>().WithMany().HasForeignKey(r => new { r.RoleOrganizationId, r.RoleId }).OnDelete(DeleteBehavior.Restrict);
    }
}
