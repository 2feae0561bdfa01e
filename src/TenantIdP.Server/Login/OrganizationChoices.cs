using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Server.Login;

/// <summary>One line of the chooser.</summary>
internal sealed record OrganizationChoice(Id<Organization> Id, string Name, IReadOnlyList<string> Roles);

/// <summary>The organizations a person may enter. Reads across organizations, the memberships of one person only.</summary>
internal sealed class OrganizationChoices(IdpDbContext db)
{
    /// <summary>A person with more than this many finds the others through their app.</summary>
    private const int Most = 100;

    public async Task<IReadOnlyList<OrganizationChoice>> OfAsync(Id<User> user, CancellationToken ct)
    {
        var rows = await (
            from m in db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where m.UserId == user && m.Status == MembershipStatus.Active
            join o in db.Organizations on m.OrganizationId equals o.Id
            where o.Status == OrganizationStatus.Active
            orderby o.DisplayName, o.Id
            select new
            {
                o.Id,
                o.DisplayName,
                Roles = (from held in db.MembershipRoles
                         join role in db.Roles on new { A = held.RoleOrganizationId, B = held.RoleId } equals new { A = role.OrganizationId, B = role.Id }
                         where held.OrganizationId == o.Id && held.MembershipId == m.Id
                         select role.DisplayName).ToList(),
            }).Take(Most).AsNoTracking().AsSingleQuery().ToListAsync(ct);
        return [.. rows.Select(r => new OrganizationChoice(r.Id, r.DisplayName, [.. r.Roles.Distinct().Order(StringComparer.CurrentCulture)]))];
    }
}
