using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Members;

/// <summary>An organization a person may act in, with the keys of their roles there.</summary>
public sealed record UserOrganization(Id<Organization> Id, Slug Slug, string DisplayName, IReadOnlyList<string> Roles);

/// <summary>The organizations of one person. Crosses organizations, because that is the question; only ever asked about the person who asks.</summary>
public sealed class UserOrganizations(IdpDbContext db)
{
    /// <summary>Active memberships of active organizations, by name.</summary>
    public async Task<IReadOnlyList<UserOrganization>> ListAsync(Id<User> user, CancellationToken ct)
    {
        var rows = await (
            from membership in db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            join organization in db.Organizations on membership.OrganizationId equals organization.Id
            where membership.UserId == user && membership.Status == MembershipStatus.Active && organization.Status == OrganizationStatus.Active
            select new
            {
                organization.Id, organization.Slug, organization.DisplayName,
                Roles = (from held in db.MembershipRoles
                         join role in db.Roles on new { A = held.RoleOrganizationId, B = held.RoleId } equals new { A = role.OrganizationId, B = role.Id }
                         where held.OrganizationId == membership.OrganizationId && held.MembershipId == membership.Id
                         select role.Key).ToList(),
            }).AsNoTracking().AsSingleQuery().ToListAsync(ct);
        return
        [
            .. rows.OrderBy(r => r.DisplayName, StringComparer.CurrentCultureIgnoreCase).ThenBy(r => r.Id)
                .Select(r => new UserOrganization(r.Id, r.Slug, r.DisplayName, [.. r.Roles.Distinct().Order(StringComparer.Ordinal)])),
        ];
    }
}
