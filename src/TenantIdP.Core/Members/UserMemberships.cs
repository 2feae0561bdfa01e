using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Members;

/// <summary>One membership of a person, with its organization.</summary>
public sealed record UserMembership(
    Id<Membership> Id, Id<Organization> OrganizationId, string OrganizationName, MembershipStatus Status, IReadOnlyList<MemberRole> Roles, string? NameOverlay,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? EndedAt);

/// <summary>All memberships of one person, those that have ended too, for an operator. Crosses organizations, because that is the question.</summary>
public sealed class UserMemberships(IdpDbContext db)
{
    /// <summary>In the order of joining; one statement for a page of any size.</summary>
    public async Task<Result<Page<UserMembership>>> ListAsync(Id<User> user, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<Membership>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        if (!await db.Users.AnyAsync(u => u.Id == user, ct)) return UserErrors.NotFound;
        var memberships = db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(m => m.UserId == user);
        if (after is { } id) memberships = memberships.Where(m => m.Id > id);
        var rows = from membership in memberships
                   join organization in db.Organizations on membership.OrganizationId equals organization.Id
                   orderby membership.Id
                   select new
                   {
                       membership.Id, membership.OrganizationId, organization.DisplayName, organization.DirectoryAuthoritative, membership.Status, membership.NameOverlay, membership.CreatedAt, membership.UpdatedAt, membership.EndedAt,
                       Roles = (from held in db.MembershipRoles
                                join role in db.Roles on new { A = held.RoleOrganizationId, B = held.RoleId } equals new { A = role.OrganizationId, B = role.Id }
                                where held.OrganizationId == membership.OrganizationId && held.MembershipId == membership.Id
                                select new { role.Key, held.Source }).ToList(),
                   };
        var found = await rows.AsNoTracking().AsSingleQuery().TakePageAsync(page, m => m.Id.ToString(), ct);
        return new Page<UserMembership>(
            [
                .. found.Items.Select(m => new UserMembership(
                    m.Id, m.OrganizationId, m.DisplayName, m.Status, [.. m.Roles.Select(r => MemberRole.Of(r.Key, r.Source, m.DirectoryAuthoritative && m.Roles.Any(held => held.Source == RoleSource.ScimGroup))).OrderBy(r => r.Key, StringComparer.Ordinal).ThenBy(r => r.Source)],
                    m.NameOverlay, m.CreatedAt, m.UpdatedAt, m.EndedAt)),
            ], found.Next);
    }
}
