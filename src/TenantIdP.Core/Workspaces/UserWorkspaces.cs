using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Workspaces;

/// <summary>A workspace a person may act in, with the keys of their roles there.</summary>
public sealed record UserWorkspace(Id<Workspace> Id, Slug Slug, string DisplayName, bool IsDefault, IReadOnlyList<string> Roles);

/// <summary>The workspaces of one person in one organization. Answers people about themselves, who need no permission of the organization for it.</summary>
public sealed class UserWorkspaces(IdpDbContext db)
{
    /// <summary>Active workspaces of an active membership, by name.</summary>
    public async Task<IReadOnlyList<UserWorkspace>> ListAsync(Id<User> user, Id<Organization> organization, CancellationToken ct)
    {
        var rows = await (
            from membership in db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where membership.OrganizationId == organization && membership.UserId == user && membership.Status == MembershipStatus.Active
            join member in db.WorkspaceMembers on new { membership.OrganizationId, MembershipId = membership.Id } equals new { member.OrganizationId, member.MembershipId }
            join workspace in db.Workspaces on new { member.OrganizationId, Id = member.WorkspaceId } equals new { workspace.OrganizationId, workspace.Id }
            where workspace.Status == WorkspaceStatus.Active
            select new
            {
                workspace.Id, workspace.Slug, workspace.DisplayName, workspace.IsDefault,
                Roles = (from held in db.WorkspaceRoles
                         join role in db.Roles on new { A = held.RoleOrganizationId, B = held.RoleId } equals new { A = role.OrganizationId, B = role.Id }
                         where held.OrganizationId == member.OrganizationId && held.WorkspaceId == member.WorkspaceId && held.MembershipId == member.MembershipId
                         select role.Key).ToList(),
            }).AsNoTracking().AsSingleQuery().ToListAsync(ct);
        return
        [
            .. rows.OrderBy(r => r.DisplayName, StringComparer.CurrentCultureIgnoreCase).ThenBy(r => r.Id)
                .Select(r => new UserWorkspace(r.Id, r.Slug, r.DisplayName, r.IsDefault, [.. r.Roles.Distinct().Order(StringComparer.Ordinal)])),
        ];
    }
}
