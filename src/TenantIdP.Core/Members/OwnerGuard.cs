using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Members;

/// <summary>An organization that has owners never loses the last one. Right only after <see cref="OrganizationLock"/> in the same transaction. Crosses organizations for a user.</summary>
internal static class OwnerGuard
{
    /// <summary>Whether somebody else who can act owns the organization.</summary>
    public static Task<bool> HasAnotherOwnerAsync(this IdpDbContext db, Id<Organization> organization, Id<User> than, CancellationToken ct) =>
        Owners(db).AnyAsync(owner => owner.OrganizationId == organization && owner.UserId != than, ct);

    /// <summary>Organizations this user owns, in the order in which every caller locks them.</summary>
    public static Task<List<Id<Organization>>> OwnedByAsync(this IdpDbContext db, Id<User> user, CancellationToken ct) =>
        Owners(db).Where(owner => owner.UserId == user).Select(owner => owner.OrganizationId).Distinct().OrderBy(id => id).ToListAsync(ct);

    /// <summary>Somebody became an owner of it: where a directory had ended the last one, it has one again.</summary>
    public static async Task FindOwnerAsync(this IdpDbContext db, Id<Organization> organization, DateTimeOffset now, CancellationToken ct) =>
        (await db.Organizations.SingleOrDefaultAsync(o => o.Id == organization && o.OwnerlessSince != null, ct))?.FindOwner(now);

    /// <summary>The people who can act and own the organization.</summary>
    public static async Task<IReadOnlySet<Id<User>>> OwnersOfAsync(this IdpDbContext db, Id<Organization> organization, CancellationToken ct) =>
        (await Owners(db).Where(owner => owner.OrganizationId == organization).Select(owner => owner.UserId).ToListAsync(ct)).ToHashSet();

    private static IQueryable<Membership> Owners(IdpDbContext db) =>
        from membership in db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
        join user in db.Users on membership.UserId equals user.Id
        where membership.Status == MembershipStatus.Active && user.Status == UserStatus.Active
            && (from held in db.MembershipRoles
                join role in db.Roles on new { A = held.RoleOrganizationId, B = held.RoleId } equals new { A = role.OrganizationId, B = role.Id }
                where held.OrganizationId == membership.OrganizationId && held.MembershipId == membership.Id && role.OrganizationId == Organization.Instance && role.Key == BuiltInRoles.Owner
                select held).Any()
        select membership;
}
