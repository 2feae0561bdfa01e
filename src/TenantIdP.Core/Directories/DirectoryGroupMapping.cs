using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Directories;

internal sealed class DirectoryGroupMapping : IEntityTypeConfiguration<DirectoryGroup>, IEntityTypeConfiguration<DirectoryGroupMember>, IEntityTypeConfiguration<GroupMapping>
{
    public void Configure(EntityTypeBuilder<DirectoryGroup> group)
    {
        group.ToTable("directory_groups");
        group.HasKey(g => new { g.OrganizationId, g.Id });
        group.Property(g => g.DisplayName).HasMaxLength(DirectoryGroup.MaxName);
        group.Property(g => g.NameKey).HasMaxLength(DirectoryGroup.MaxName);
        group.Property(g => g.ExternalId).HasMaxLength(DirectoryGroup.MaxExternalId);
        group.HasOne<OrganizationDirectory>().WithMany().HasForeignKey(g => new { g.OrganizationId, g.DirectoryId }).OnDelete(DeleteBehavior.Cascade);

        // Two pushes of one group at once, and what directories look a group up by.
        group.HasIndex(g => new { g.OrganizationId, g.DirectoryId, g.NameKey }).IsUnique();
        group.HasIndex(g => new { g.OrganizationId, g.DirectoryId, g.ExternalId }).IsUnique().HasFilter("external_id IS NOT NULL");
    }

    public void Configure(EntityTypeBuilder<DirectoryGroupMember> member)
    {
        member.ToTable("directory_group_members");
        member.HasKey(m => new { m.OrganizationId, m.GroupId, m.DirectoryUserId });
        member.HasOne<DirectoryGroup>().WithMany().HasForeignKey(m => new { m.OrganizationId, m.GroupId }).OnDelete(DeleteBehavior.Cascade);
        member.HasOne<DirectoryUser>().WithMany().HasForeignKey(m => new { m.OrganizationId, m.DirectoryUserId }).OnDelete(DeleteBehavior.Cascade);

        // The groups of one user.
        member.HasIndex(m => new { m.OrganizationId, m.DirectoryUserId });
    }

    public void Configure(EntityTypeBuilder<GroupMapping> mapping)
    {
        // The role belongs to this organization or to the instance: the database refuses a role of another customer.
        mapping.ToTable("group_mappings", table => table.HasCheckConstraint(
            "ck_group_mappings_owner",
            "role_organization_id = organization_id OR role_organization_id = '00000000-0000-0000-0000-000000000000'"));
        mapping.HasKey(m => new { m.OrganizationId, m.Id });
        mapping.Property(m => m.GroupName).HasMaxLength(DirectoryGroup.MaxName);
        mapping.Property(m => m.GroupExternalId).HasMaxLength(DirectoryGroup.MaxExternalId);
        mapping.Ignore(m => m.SourceId);
        mapping.HasOne<OrganizationDirectory>().WithMany().HasForeignKey(m => new { m.OrganizationId, m.DirectoryId }).OnDelete(DeleteBehavior.Cascade);
        mapping.HasOne<Workspace>().WithMany().HasForeignKey(m => new { m.OrganizationId, m.WorkspaceId }).OnDelete(DeleteBehavior.Cascade);
        mapping.HasOne<Role>().WithMany().HasForeignKey(m => new { m.RoleOrganizationId, m.RoleId }).OnDelete(DeleteBehavior.Restrict);

        // Both go with the directory in one statement; a group by itself goes after its mappings were let go.
        mapping.HasOne<DirectoryGroup>().WithMany().HasForeignKey(m => new { m.OrganizationId, m.GroupId }).OnDelete(DeleteBehavior.NoAction);

        // One role by one group in one place is given once.
        mapping.HasIndex(m => new { m.OrganizationId, m.GroupId, m.RoleId, m.WorkspaceId }).IsUnique();
        mapping.HasIndex(m => new { m.OrganizationId, m.GroupId, m.RoleId }, "ux_group_mappings_organization_role").IsUnique().HasFilter("workspace_id IS NULL");
        mapping.HasIndex(m => new { m.OrganizationId, m.DirectoryId, m.GroupExternalId }, "ix_group_mappings_group_external_id");
    }
}
