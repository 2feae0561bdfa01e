using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Roles;

/// <summary>
/// Which roles extend which. What a role inherits is written into its row, so that no reader of permissions follows the chain; whoever changes a role passes it on to all that
/// extend it, in the same transaction. Crosses organizations downwards: each may extend roles of the instance.
/// </summary>
public sealed class RoleHierarchy(IdpDbContext db, TimeProvider clock)
{
    /// <summary>How many roles may stand in a row, the first and the last included.</summary>
    public const int Longest = 5;

    private const int Chunk = 500;

    private IQueryable<Role> All => db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]);

    /// <summary>
    /// One change of the hierarchy at a time, on every store: two that each look harmless could close a circle, and a role made at this moment could inherit what its base has
    /// just lost. Taken after the lock of an organization, before anything of roles is read.
    /// </summary>
    public Task LockAsync(CancellationToken ct) =>
        All.Where(r => r.OrganizationId == Organization.Instance && r.Key == BuiltInRoles.Owner).ExecuteUpdateAsync(set => set.SetProperty(r => r.UpdatedAt, r => r.UpdatedAt), ct);

    /// <summary>The role that another may extend: it exists where that one does, and the two make neither a circle nor a row that is too long.</summary>
    /// <param name="role">Null while it is being created.</param>
    public async Task<Result<Role>> ParentAsync(Id<Organization> owner, string key, Role? role, CancellationToken ct)
    {
        var candidates = All.AsNoTracking().Where(r => r.Key == key && (r.OrganizationId == owner || r.OrganizationId == Organization.Instance));
        var found = await (role?.Extends == key ? candidates : candidates.InSetOf(db, owner)).SingleOrDefaultAsync(ct);
        if (found is null) return RoleErrors.ExtendsUnknown;
        var above = 1; // the role that is asked about
        for (var next = found; next is not null; next = await AboveAsync(next, ct), above++)
        {
            if (next.Id == role?.Id) return RoleErrors.ExtendsCycle;
        }

        var below = role is null ? [] : await BelowAsync(role.Id, null, ct);
        return above + below.Count > Longest ? RoleErrors.ExtendsTooDeep : found; // with those above and the levels below
    }

    /// <summary>All that extend the role, directly or not; of an organization's own and the instance's roles, those that it sees.</summary>
    public async Task<IReadOnlyList<Id<Role>>> ExtendingAsync(Id<Role> id, Id<Organization> owner, CancellationToken ct) =>
        [.. (await BelowAsync(id, owner == Organization.Instance ? null : owner, ct)).SelectMany(level => level).Select(r => r.Id)];

    /// <summary>Writes what the role permits now into all that extend it. The role itself is saved.</summary>
    public async Task PassOnAsync(Role role, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var after = new Dictionary<Id<Role>, (IReadOnlyList<string> Permissions, string? BuiltIn)> { [role.Id] = (role.Permissions, role.BuiltInBase) };
        foreach (var level in await BelowAsync(role.Id, null, ct))
        {
            foreach (var one in level)
            {
                var (inherited, builtIn) = after[one.ExtendsId!.Value]; // found by what it extends
                after[one.Id] = ([.. one.OwnPermissions.Union(inherited).Order(StringComparer.Ordinal)], builtIn);
            }

            // Most of many organizations' roles inherit the same: one statement for all of them.
            foreach (var same in level.Where(r => !r.Permissions.SequenceEqual(after[r.Id].Permissions) || r.BuiltInBase != after[r.Id].BuiltIn).GroupBy(r => string.Join(' ', after[r.Id].Permissions) + '=' + after[r.Id].BuiltIn))
            {
                foreach (var some in same.Select(r => r.Id).Chunk(Chunk))
                {
                    var (permissions, builtIn) = after[some[0]];
                    await All.Where(r => some.Contains(r.Id)).ExecuteUpdateAsync(
                        set => set.SetProperty(r => r.Permissions, permissions).SetProperty(r => r.BuiltInBase, builtIn).SetProperty(r => r.Version, r => r.Version + 1).SetProperty(r => r.UpdatedAt, now), ct);
                }
            }
        }
    }

    private IQueryable<Role> Of(Id<Organization>? seenBy) =>
        seenBy is { } owner ? All.AsNoTracking().Where(r => r.OrganizationId == owner || r.OrganizationId == Organization.Instance) : All.AsNoTracking();

    private async Task<Role?> AboveAsync(Role role, CancellationToken ct) =>
        role.ExtendsId is { } id ? await All.AsNoTracking().SingleOrDefaultAsync(r => r.Id == id, ct) : null;

    /// <summary>Those that extend it, then those that extend these, and so on.</summary>
    private async Task<List<List<Role>>> BelowAsync(Id<Role> id, Id<Organization>? seenBy, CancellationToken ct)
    {
        var levels = new List<List<Role>>();
        Id<Role>[] ids = [id];
        while (ids.Length > 0 && levels.Count < Longest)
        {
            var level = new List<Role>();
            foreach (var some in ids.Chunk(Chunk)) level.AddRange(await Of(seenBy).Where(r => r.ExtendsId != null && some.Contains(r.ExtendsId.Value)).ToListAsync(ct));
            if (level.Count > 0) levels.Add(level);
            ids = [.. level.Select(r => r.Id)];
        }

        return levels;
    }
}
