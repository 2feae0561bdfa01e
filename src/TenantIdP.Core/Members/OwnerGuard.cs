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

    /// <summary>Whether the membership holds the role of an owner, whatever its state.</summary>
    public static Task<bool> HoldsOwnerAsync(this IdpDbContext db, Membership membership, CancellationToken ct)
    {
        var held = membership.Roles.Select(r => r.RoleId).ToArray();
        return db.Roles.AnyAsync(r => held.Contains(r.Id) && r.OrganizationId == Organization.Instance && r.Key == BuiltInRoles.Owner, ct);
    }

    /// <summary>Where the owners who can act read their mail, in the order of the people. Addresses that nobody has verified could be anybody's: an owner without a verified one is missing.</summary>
    /// <param name="most">No more of them; null for all.</param>
    public static async Task<List<OwnerAddress>> OwnerAddressesAsync(this IdpDbContext db, Id<Organization> organization, int? most, CancellationToken ct)
    {
        var addresses =
            from owner in Owners(db)
            where owner.OrganizationId == organization
            join user in db.Users on owner.UserId equals user.Id
            join email in db.UserEmails.Where(e => e.IsPrimary && e.VerifiedAt != null) on owner.UserId equals email.UserId
            orderby owner.UserId
            select new { email.Address, user.Locale };
        var found = await (most is { } bound ? addresses.Take(bound) : addresses).ToListAsync(ct);
        return [.. found.Where(f => EmailAddress.TryParse(f.Address, out _)).Select(f => new OwnerAddress(EmailAddress.Parse(f.Address), f.Locale))];
    }

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

/// <param name="Locale">A language tag; null where the person has named none.</param>
internal sealed record OwnerAddress(EmailAddress Address, string? Locale);
