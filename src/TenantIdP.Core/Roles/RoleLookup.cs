using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Roles;

internal static class RoleLookup
{
    /// <summary>Without the roles of the instance that the organization's role set leaves out. The instance itself has no set.</summary>
    public static IQueryable<Role> InSetOf(this IQueryable<Role> roles, IdpDbContext db, Id<Organization> organization) => organization == Organization.Instance ? roles : roles.Where(r =>
        r.OrganizationId != Organization.Instance
        || !db.Organizations.Any(o => o.Id == organization && o.RoleSetId != null && !db.RoleSetRoles.Any(s => s.RoleSetId == o.RoleSetId && s.RoleId == r.Id)));

    /// <summary>The roles with these keys that exist in the organization that was entered, by key: its own before one of the instance. A key without a role is missing.</summary>
    public static async Task<Dictionary<string, Role>> RolesAsync(this IdpDbContext db, Id<Organization> organization, IEnumerable<string> keys, CancellationToken ct)
    {
        var wanted = keys.Distinct(StringComparer.Ordinal).ToArray();
        var roles = await db.Roles.AsNoTracking().Where(r => wanted.Contains(r.Key) && (r.OrganizationId == organization || r.OrganizationId == Organization.Instance)).InSetOf(db, organization).ToListAsync(ct);
        return roles.GroupBy(r => r.Key).ToDictionary(g => g.Key, g => g.OrderBy(r => r.OrganizationId == organization ? 0 : 1).First(), StringComparer.Ordinal);
    }

    /// <summary>The role that an automatic way in gives: the one with this key in the organization that was entered, else member. Whatever row got past the rules, never a privileged one.</summary>
    public static async Task<Role> DefaultRoleAsync(this IdpDbContext db, Id<Organization> organization, string wanted, CancellationToken ct)
    {
        var key = BuiltInRoles.IsPrivileged(wanted) ? BuiltInRoles.Member : wanted;
        var candidates = await db.Roles.Where(r => r.Key == key || (r.Key == BuiltInRoles.Member && r.OrganizationId == Organization.Instance)).ToListAsync(ct);
        return candidates.Where(r => r.Key == key && !BuiltInRoles.IsPrivileged(r)).OrderByDescending(r => r.OrganizationId == organization).FirstOrDefault() ?? candidates.First(r => r.Key == BuiltInRoles.Member);
    }
}
