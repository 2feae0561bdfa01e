using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Workspaces;

internal sealed class WorkspaceMapping : IEntityTypeConfiguration<Workspace>, IEntityTypeConfiguration<WorkspaceMember>, IEntityTypeConfiguration<WorkspaceRole>
{
    public void Configure(EntityTypeBuilder<Workspace> workspace)
    {
        workspace.ToTable("workspaces");
        workspace.HasKey(w => new { w.OrganizationId, w.Id });
        workspace.Property(w => w.DisplayName).HasMaxLength(DisplayName.MaxLength);
        workspace.Property(w => w.Metadata).HasConversion(metadata => metadata.Json, json => Metadata.FromStore(json));
        workspace.HasOne<Organization>().WithMany().HasForeignKey(w => w.OrganizationId).OnDelete(DeleteBehavior.Cascade);
        workspace.HasIndex(w => new { w.OrganizationId, w.Slug }).IsUnique();

        // New members join one workspace at most: two that become the default at once are decided here.
        workspace.HasIndex(w => w.OrganizationId, "ux_workspaces_default").IsUnique().HasFilter("is_default");

        // An authorization request names a workspace by its id alone; the organization is the answer.
        workspace.HasIndex(w => w.Id);
    }

    public void Configure(EntityTypeBuilder<WorkspaceMember> member)
    {
        member.ToTable("workspace_members");
        member.HasKey(m => new { m.OrganizationId, m.WorkspaceId, m.MembershipId });
        member.HasOne<Workspace>().WithMany().HasForeignKey(m => new { m.OrganizationId, m.WorkspaceId }).OnDelete(DeleteBehavior.Cascade);
        member.HasOne<Membership>().WithMany().HasForeignKey(m => new { m.OrganizationId, m.MembershipId }).OnDelete(DeleteBehavior.Cascade);
        member.HasMany(m => m.Roles).WithOne().HasForeignKey(r => new { r.OrganizationId, r.WorkspaceId, r.MembershipId }).OnDelete(DeleteBehavior.Cascade);
        member.Navigation(m => m.Roles).UsePropertyAccessMode(PropertyAccessMode.Field);
    }

    public void Configure(EntityTypeBuilder<WorkspaceRole> role)
    {
        // The role belongs to this organization or to the instance: the database refuses a role of another customer.
        role.ToTable("workspace_roles", table => table.HasCheckConstraint(
            "ck_workspace_roles_owner",
            "role_organization_id = organization_id OR role_organization_id = '00000000-0000-0000-0000-000000000000'"));
        role.HasKey(r => new { r.OrganizationId, r.WorkspaceId, r.MembershipId, r.RoleId, r.Source, r.SourceId });
        role.Property(r => r.SourceId).HasMaxLength(64);
        role.HasOne<Role>().WithMany().HasForeignKey(r => new { r.RoleOrganizationId, r.RoleId }).OnDelete(DeleteBehavior.Restrict);
    }
}
