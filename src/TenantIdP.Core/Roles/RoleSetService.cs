using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Roles;

/// <summary>A set with the keys of its roles, in alphabetical order.</summary>
public sealed record RoleSetView(RoleSet Set, IReadOnlyList<string> Roles);

/// <summary>A merge patch of a role set.</summary>
public sealed record RoleSetChanges
{
    public Patch<string> DisplayName { get; init; }

    /// <summary>Keys of roles of the instance; owner and member are always among them.</summary>
    public Patch<IReadOnlyList<string>> Roles { get; init; }
}

/// <summary>The role sets of the instance. Crosses organizations: those that use a set must not lose a role that is in use.</summary>
public sealed class RoleSetService(IdpDbContext db, RoleSetUse use, RoleHierarchy hierarchy, EventLog events, TimeProvider clock)
{
    public Task<Result<RoleSetView>> CreateAsync(string displayName, IReadOnlyList<string> keys, CancellationToken ct) =>
        db.InTransactionAsync<RoleSetView>(
            async () =>
            {
                await hierarchy.LockAsync(ct); // a role of the set is not deleted meanwhile, and no more sets are made than there may be
                if (await db.RoleSets.CountAsync(ct) >= RoleSet.Most) return RoleSetErrors.TooMany;
                var roles = await RolesAsync(keys, ct);
                if (!roles.IsOk) return roles.Error;
                var made = RoleSet.Create(displayName, roles.Value, clock.GetUtcNow());
                if (!made.IsOk) return made.Error;
                db.RoleSets.Add(made.Value);
                var view = new RoleSetView(made.Value, KeysOf(roles.Value));
                events.RecordForInstance(EventTypes.RoleSetCreated, made.Value.Id.ToString(), Facts(view));
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? view : saved.Error;
            }, ct);

    public async Task<Result<RoleSetView>> FindAsync(Id<RoleSet> id, CancellationToken ct) =>
        await db.RoleSets.AsNoTracking().Include(s => s.Roles).SingleOrDefaultAsync(s => s.Id == id, ct) is { } found ? (await DescribeAsync([found], ct))[0] : RoleSetErrors.NotFound;

    public async Task<Result<Page<RoleSetView>>> ListAsync(PageRequest page, CancellationToken ct)
    {
        var found = await db.RoleSets.AsNoTracking().Include(s => s.Roles).PageAsync(page, s => s.Id, ct);
        return found.IsOk ? new Page<RoleSetView>(await DescribeAsync(found.Value.Items, ct), found.Value.Next) : found.Error;
    }

    /// <summary>What it leaves out now must not be in use in an organization that has it.</summary>
    public Task<Result<RoleSetView>> UpdateAsync(Id<RoleSet> id, RoleSetChanges changes, int? expectedVersion, CancellationToken ct) =>
        db.InTransactionAsync<RoleSetView>(
            async () =>
            {
                await hierarchy.LockAsync(ct);
                var set = await db.RoleSets.Include(s => s.Roles).SingleOrDefaultAsync(s => s.Id == id, ct);
                if (set is null) return RoleSetErrors.NotFound;
                var seen = VersionErrors.Check(set, expectedVersion);
                if (!seen.IsOk) return seen.Error;
                var before = (await DescribeAsync([set], ct))[0];
                var roles = await RolesAsync(changes.Roles.Or(before.Roles) ?? [], ct);
                if (!roles.IsOk) return roles.Error;
                var gone = before.Roles.Except(roles.Value.Select(r => r.Key)).ToList();
                if (gone.Count > 0 && await use.IsAnyUsedAsync(id, gone, ct)) return RoleSetErrors.RolesOfSetInUse;
                var was = EventLog.FactsOf(Facts(before));
                var changed = set.Change(changes.DisplayName.Or(set.DisplayName) ?? "", roles.Value, clock.GetUtcNow());
                if (!changed.IsOk) return changed.Error;
                var after = new RoleSetView(set, KeysOf(roles.Value));
                events.RecordChange(EventTypes.RoleSetUpdated, Organization.Instance, id.ToString(), was, Facts(after));
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? after : saved.Error;
            }, ct);

    public async Task<Result> DeleteAsync(Id<RoleSet> id, CancellationToken ct)
    {
        var deleted = await db.InTransactionAsync<bool>(
            async () =>
            {
                await hierarchy.LockAsync(ct);
                var set = await db.RoleSets.Include(s => s.Roles).SingleOrDefaultAsync(s => s.Id == id, ct);
                if (set is null) return RoleSetErrors.NotFound;
                if (await db.Organizations.AnyAsync(o => o.RoleSetId == id, ct)) return RoleSetErrors.InUse;
                db.RoleSets.Remove(set);
                events.RecordForInstance(EventTypes.RoleSetDeleted, id.ToString(), new { set.DisplayName });
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? true : saved.Error;
            }, ct);
        return deleted.IsOk ? Result.Ok : deleted.Error;
    }

    private static object Facts(RoleSetView v) => new { v.Set.DisplayName, v.Roles };

    private static string[] KeysOf(IEnumerable<Role> roles) => [.. roles.Select(r => r.Key).Order(StringComparer.Ordinal)];

    /// <summary>The instance's roles, those among them that no set leaves out.</summary>
    private async Task<Result<List<Role>>> RolesAsync(IReadOnlyList<string> keys, CancellationToken ct)
    {
        if (keys.Count > RoleSet.MaxRoles) return RoleSetErrors.TooManyRoles;
        var wanted = keys.Union(RoleSet.Always).ToArray();
        var roles = await db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().Where(r => r.OrganizationId == Organization.Instance && wanted.Contains(r.Key)).ToListAsync(ct);
        return roles.Count == wanted.Length ? roles : RoleSetErrors.RoleUnknown;
    }

    private async Task<List<RoleSetView>> DescribeAsync(IReadOnlyList<RoleSet> sets, CancellationToken ct)
    {
        var ids = sets.SelectMany(s => s.Roles).Select(r => r.RoleId).Distinct().ToArray();
        var keys = await db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => r.OrganizationId == Organization.Instance && ids.Contains(r.Id)).ToDictionaryAsync(r => r.Id, r => r.Key, ct);
        return [.. sets.Select(s => new RoleSetView(s, [.. s.Roles.Where(r => keys.ContainsKey(r.RoleId)).Select(r => keys[r.RoleId]).Order(StringComparer.Ordinal)]))];
    }
}
