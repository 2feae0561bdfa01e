using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Roles;

/// <summary>A role of the instance that a set would take from an organization.</summary>
/// <param name="Members">Who hold it there, in the organization or in a workspace.</param>
/// <param name="Connections">How many of its connections give it, by default or by a rule.</param>
/// <param name="Directories">How many of its directories give it by default.</param>
/// <param name="Extended">How many of its own roles extend it.</param>
public sealed record LeftOutRole(string Key, int Members, int Connections, int Directories, int Extended)
{
    /// <summary>How many mappings of its directories' groups give it.</summary>
    public int GroupMappings { get; init; }

    public bool IsUsed => Members > 0 || Connections > 0 || Directories > 0 || Extended > 0 || GroupMappings > 0;
}

/// <summary>
/// Which role set an organization uses: what another one would mean, and the change. Crosses organizations for roles of the instance; every statement names the organization, or
/// the set whose organizations it asks about.
/// </summary>
public sealed class RoleSetUse(IdpDbContext db, RoleReplacement replacement, EventLog events, TimeProvider clock)
{
    private static readonly Dictionary<string, string> NoReplacement = [];

    /// <summary>The roles that the organization would lose, used or not.</summary>
    /// <param name="set">Null: all roles of the instance.</param>
    public async Task<Result<IReadOnlyList<LeftOutRole>>> ImpactAsync(Id<Organization> organization, Id<RoleSet>? set, CancellationToken ct)
    {
        if (set is { } named && !await db.RoleSets.AnyAsync(s => s.Id == named, ct)) return RoleSetErrors.Unknown;
        var found = new List<LeftOutRole>();
        foreach (var role in await LeftOutAsync(set, ct)) found.Add(await UseOfAsync(organization, role, ct));
        return found;
    }

    /// <summary>
    /// Gives the organization another set. A role that is in use and not in it is replaced by another, with everybody who holds it and in every connection that gives it, in
    /// the same transaction.
    /// </summary>
    /// <param name="replaceWith">Keys of roles, by the keys of those they take the place of.</param>
    public Task<Result<Organization>> SetAsync(Id<Organization> organization, Id<RoleSet>? set, IReadOnlyDictionary<string, string>? replaceWith, int? expectedVersion, CancellationToken ct) =>
        db.ChangeAsync(
            organization, expectedVersion, Saving.NoIndex, async changed =>
            {
                if (set is { } named && !await db.RoleSets.AnyAsync(s => s.Id == named, ct)) return RoleSetErrors.Unknown;
                var (was, leftOut, instead) = (changed.RoleSetId, await LeftOutAsync(set, ct), replaceWith ?? NoReplacement);
                if (instead.Any(pair => pair.Value is null || leftOut.All(r => r.Key != pair.Key))) return RoleSetErrors.ReplacementInvalid;
                changed.UseRoleSet(set, clock.GetUtcNow());
                var saved = await db.TrySaveAsync(ct); // what may be given is asked by the new set
                if (!saved.IsOk) return saved;

                var moved = new Dictionary<string, string>();
                foreach (var role in leftOut)
                {
                    var used = await UseOfAsync(organization, role, ct);
                    if (used.Extended > 0) return RoleErrors.Extended;
                    if (!used.IsUsed) continue;
                    if (!instead.TryGetValue(role.Key, out var key)) return RoleSetErrors.RolesInUse;
                    // Holders from whatever source would be owners by it: an owner is made by people, one at a time.
                    if (key == BuiltInRoles.Owner || (await db.RolesAsync(organization, [key], ct)).GetValueOrDefault(key) is not { } other) return RoleSetErrors.ReplacementInvalid;
                    var given = await replacement.GivenInsteadAsync(organization, role.Key, other, Granter.Instance, ct);
                    if (!given.IsOk) return given;
                    var mapped = await replacement.MappedInsteadAsync(organization, role, other, Granter.Instance, ct);
                    if (!mapped.IsOk) return mapped;
                    await replacement.MoveAsync(role, other, organization, ct);
                    moved[role.Key] = key;
                }

                events.Record(EventTypes.RoleSetChanged, organization, organization.ToString(), new { roleSetId = set, was, replaced = moved.Count == 0 ? null : moved });
                return Result.Ok;
            }, ct);

    /// <summary>Whether an organization with this set uses one of these roles of the instance.</summary>
    internal async Task<bool> IsAnyUsedAsync(Id<RoleSet> set, IReadOnlyCollection<string> keys, CancellationToken ct)
    {
        var organizations = db.Organizations.Where(o => o.RoleSetId == set).Select(o => o.Id);
        var ids = await Instance().Where(r => keys.Contains(r.Key)).Select(r => r.Id).ToArrayAsync(ct);
        if (await db.MembershipRoles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AnyAsync(r => ids.Contains(r.RoleId) && organizations.Contains(r.OrganizationId), ct)) return true;
        if (await db.WorkspaceRoles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AnyAsync(r => ids.Contains(r.RoleId) && organizations.Contains(r.OrganizationId), ct)) return true;
        if (await db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AnyAsync(r => r.ExtendsId != null && ids.Contains(r.ExtendsId.Value) && organizations.Contains(r.OrganizationId), ct)) return true;
        if (await db.GroupMappings.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AnyAsync(m => ids.Contains(m.RoleId) && organizations.Contains(m.OrganizationId), ct)) return true;
        if (await db.Directories.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AnyAsync(d => organizations.Contains(d.OrganizationId) && keys.Contains(d.DefaultRoleKey), ct)) return true;
        var giving = await db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking()
            .Where(c => organizations.Contains(c.OrganizationId) && (keys.Contains(c.DefaultRoleKey) || c.SsoRoles != null)).ToListAsync(ct);
        return giving.Any(c => keys.Any(key => Gives(c, key)));
    }

    private async Task<LeftOutRole> UseOfAsync(Id<Organization> organization, Role role, CancellationToken ct)
    {
        var (id, key) = (role.Id, role.Key);
        var held = db.MembershipRoles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => r.OrganizationId == organization && r.RoleId == id).Select(r => r.MembershipId);
        var inside = db.WorkspaceRoles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => r.OrganizationId == organization && r.RoleId == id).Select(r => r.MembershipId);
        var members = await held.Union(inside).CountAsync(ct);
        var extended = await db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).CountAsync(r => r.OrganizationId == organization && r.ExtendsId == id, ct);
        var connections = await db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking()
            .Where(c => c.OrganizationId == organization && (c.DefaultRoleKey == key || c.SsoRoles != null)).ToListAsync(ct);
        var mappings = await db.GroupMappings.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).CountAsync(m => m.OrganizationId == organization && m.RoleId == id, ct);
        var directories = await db.Directories.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).CountAsync(d => d.OrganizationId == organization && d.DefaultRoleKey == key, ct);
        return new LeftOutRole(key, members, connections.Count(c => Gives(c, key)), directories, extended) { GroupMappings = mappings };
    }

    private static bool Gives(Connection connection, string key) => connection.DefaultRoleKey == key || connection.SsoRoles?.Rules.Any(r => r.Role == key) == true;

    private IQueryable<Role> Instance() => db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().Where(r => r.OrganizationId == Organization.Instance);

    private async Task<List<Role>> LeftOutAsync(Id<RoleSet>? set, CancellationToken ct) =>
        set is { } named ? await Instance().Where(r => !db.RoleSetRoles.Any(s => s.RoleSetId == named && s.RoleId == r.Id)).OrderBy(r => r.Id).ToListAsync(ct) : [];
}
