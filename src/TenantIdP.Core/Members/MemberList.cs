using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Members;

/// <param name="IsManaged">People can't take it away: its source does, or the organization's directory decides about all roles of this member.</param>
public sealed record MemberRole(string Key, RoleSource Source, bool IsManaged)
{
    internal static MemberRole Of(string key, RoleSource source, bool byDirectory) => new(key, source, byDirectory || !RoleSources.Ours.Contains(source));
}

/// <summary>A membership with what a list shows of the person; an unverified address is not shown, because it may be anybody's.</summary>
public sealed record Member(Membership Membership, string? Name, string? Email, IReadOnlyList<MemberRole> Roles);

/// <summary>Each null member lets everybody through. Addresses are those that a list shows: whoever may not read one can't find anybody by it.</summary>
/// <param name="Status">Without it, everybody who was not removed.</param>
/// <param name="Role">A key; who holds it from whatever source.</param>
/// <param name="Email">Exactly this address, in any case and either form of an international domain.</param>
/// <param name="EmailPrefix">How the address begins, in any case.</param>
public sealed record MemberFilter(MembershipStatus? Status = null, string? Role = null, Id<User>? User = null, string? Email = null, string? EmailPrefix = null);

/// <summary>Reads the members of the organization that was entered. A page takes the same statements whatever is on it.</summary>
public sealed class MemberList(IdpDbContext db)
{
    public async Task<Result<Member>> FindAsync(Id<Organization> organization, Id<Membership> id, CancellationToken ct)
    {
        var membership = await db.Memberships.AsNoTracking().Include(m => m.Roles).SingleOrDefaultAsync(m => m.OrganizationId == organization && m.Id == id && m.Status != MembershipStatus.Removed, ct);
        return membership is null ? MemberErrors.NotFound : (await DescribeAsync([membership], ct))[0];
    }

    public async Task<Result<Page<Member>>> ListAsync(Id<Organization> organization, MemberFilter filter, PageRequest page, CancellationToken ct)
    {
        var memberships = db.Memberships.AsNoTracking().Include(m => m.Roles).Where(m => m.OrganizationId == organization && m.Status != MembershipStatus.Removed);
        if (filter.Status is { } status) memberships = memberships.Where(m => m.Status == status);
        if (filter.User is { } user) memberships = memberships.Where(m => m.UserId == user);
        if (filter.Role is { } key) memberships = memberships.Where(m => m.Roles.Any(held => db.Roles.Any(r => r.OrganizationId == held.RoleOrganizationId && r.Id == held.RoleId && r.Key == key)));
        var shown = db.UserEmails.Where(e => e.IsPrimary && e.VerifiedAt != null);
        if (filter.Email is not null)
        {
            if (!EmailAddress.TryParse(filter.Email, out var address)) return UserErrors.EmailInvalid;
            memberships = memberships.Where(m => shown.Where(e => e.Normalized == address.Normalized).Select(e => e.UserId).Contains(m.UserId));
        }

        if (filter.EmailPrefix is { } prefix)
        {
            var (from, to) = TextKey.Range(prefix);
#pragma warning disable CA1309 // translated: the collation of the column compares, byte by byte
            memberships = memberships.Where(m => shown.Where(e => string.Compare(e.Normalized, from) >= 0 && string.Compare(e.Normalized, to) < 0).Select(e => e.UserId).Contains(m.UserId));
#pragma warning restore CA1309
        }

        var found = await memberships.PageAsync(page, m => m.Id, ct);
        return found.IsOk ? new Page<Member>(await DescribeAsync(found.Value.Items, ct), found.Value.Next) : found.Error;
    }

    internal async Task<List<Member>> DescribeAsync(IReadOnlyList<Membership> memberships, CancellationToken ct)
    {
        var userIds = memberships.Select(m => m.UserId).ToArray();
        var roleIds = memberships.SelectMany(m => m.Roles).Select(r => r.RoleId).Distinct().ToArray();
        var people = await (
            from user in db.Users
            where userIds.Contains(user.Id)
            from email in db.UserEmails.Where(e => e.UserId == user.Id && e.IsPrimary && e.VerifiedAt != null).DefaultIfEmpty()
            select new { user.Id, user.Name, Address = email == null ? null : email.Address }).AsNoTracking().ToDictionaryAsync(p => p.Id, ct);
        var scope = db.Scope;
        var roles = await db.Roles.AsNoTracking().Where(r => roleIds.Contains(r.Id))
            .Select(r => new { r.Id, r.Key, Authoritative = db.Organizations.Any(o => o.Id == scope && o.DirectoryAuthoritative) }).ToDictionaryAsync(r => r.Id, ct);
        return
        [
            // Read one after the other: a person may have been erased, a role replaced meanwhile.
            .. memberships.Where(m => people.ContainsKey(m.UserId)).Select(m => new Member(
                m, m.NameOverlay ?? people[m.UserId].Name, people[m.UserId].Address,
                [.. m.Roles.Where(r => roles.ContainsKey(r.RoleId)).Select(r => MemberRole.Of(roles[r.RoleId].Key, r.Source, roles[r.RoleId].Authoritative && m.HasDirectoryRoles)).OrderBy(r => r.Key, StringComparer.Ordinal).ThenBy(r => r.Source)])),
        ];
    }
}
