using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Keys;

/// <summary>A key that may be used now.</summary>
/// <param name="Permissions">Those of the key that its maker holds at this moment.</param>
public sealed record KeyFacts(Id<ApiKey> Id, Id<Organization> OrganizationId, IReadOnlyList<string> Permissions, DateTimeOffset? LastUsedAt);

/// <summary>Finds a key by its secret and re-reads what it rests on, in one statement with every use. Knows no tenant before it has found the key.</summary>
public sealed class KeyReader(IdpDbContext db, ApiCatalog catalog, TimeProvider clock)
{
    /// <summary>How exactly the last use is known: a write with every request would cost more than the request.</summary>
    public static readonly TimeSpan UseKnownTo = TimeSpan.FromMinutes(5);

    /// <returns>Null for whatever is no key, has ended, or rests on a member or an organization that is not active.</returns>
    public async Task<KeyFacts?> FindAsync(string secret, CancellationToken ct)
    {
        if (!KeySecret.IsWellFormed(secret)) return null;
        var hash = MachineSecret.Hash(secret);
        var rows = await (
            from k in db.ApiKeys.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where k.Hash == hash
            join o in db.Organizations on k.OrganizationId equals o.Id
            join u in db.Users on k.CreatedBy equals (Id<User>?)u.Id into makers
            from maker in makers.DefaultIfEmpty()
            join m in db.Memberships on new { k.OrganizationId, UserId = k.CreatedBy } equals new { m.OrganizationId, UserId = (Id<User>?)m.UserId } into memberships
            from membership in memberships.DefaultIfEmpty()
            join h in db.MembershipRoles on new { membership.OrganizationId, MembershipId = membership.Id } equals new { h.OrganizationId, h.MembershipId } into helds
            from held in helds.DefaultIfEmpty()
            join r in db.Roles on new { Owner = held.RoleOrganizationId, Id = held.RoleId } equals new { Owner = r.OrganizationId, r.Id } into roles
            from role in roles.DefaultIfEmpty()
            select new
            {
                k.Id, k.OrganizationId, k.Permissions, k.ExpiresAt, k.LastUsedAt, k.CreatedBy, Organization = o.Status,
                Maker = maker == null ? (UserStatus?)null : maker.Status, Membership = membership == null ? (MembershipStatus?)null : membership.Status,
                Held = role == null ? null : role.Permissions, BuiltIn = role == null ? null : role.BuiltInBase,
            }).AsNoTracking().ToListAsync(ct);
        if (rows.Count == 0) return null;
        var row = rows[0];
        if (row.Organization != OrganizationStatus.Active || row.ExpiresAt <= clock.GetUtcNow()) return null;
        if (row.CreatedBy is null) return new KeyFacts(row.Id, row.OrganizationId, row.Permissions, row.LastUsedAt);
        if (row.Maker != UserStatus.Active || row.Membership != MembershipStatus.Active) return null;

        // An API may give one of its permissions to a built-in role; the role's own list doesn't show that.
        var builtIn = rows.Select(r => r.BuiltIn).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var declared = (await catalog.AllAsync(db, ct)).SelectMany(a => a.Permissions).Where(p => p.BuiltInRoles.Any(builtIn.Contains)).Select(p => p.Name);
        var holds = rows.SelectMany(r => r.Held ?? []).Concat(declared).ToHashSet(StringComparer.Ordinal);
        return new KeyFacts(row.Id, row.OrganizationId, [.. row.Permissions.Where(holds.Contains)], row.LastUsedAt);
    }

    /// <summary>Notes the use, once in a while.</summary>
    public async Task UsedAsync(KeyFacts key, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var before = now - UseKnownTo;
        if (key.LastUsedAt > before) return;
        try
        {
            await db.ApiKeys.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
                .Where(k => k.OrganizationId == key.OrganizationId && k.Id == key.Id && (k.LastUsedAt == null || k.LastUsedAt <= before))
                .ExecuteUpdateAsync(set => set.SetProperty(k => k.LastUsedAt, now), ct);
        }
        catch (DbException)
        {
            // No room for it, or the database went away between two statements. It was only noted: reading goes on.
        }
    }
}
