using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Roles;

/// <summary>What a change or the end of a role would mean.</summary>
/// <param name="Members">Who hold it or a role that extends it, from whatever source.</param>
/// <param name="Roles">How many extend it, directly or not.</param>
/// <param name="Organizations">In how many organizations; at most one for a role of an organization.</param>
/// <param name="Connections">How many give it, by default or by a rule.</param>
/// <param name="Added">Permissions that its holders would gain from it; another role of theirs may give them already.</param>
/// <param name="Removed">Permissions that its holders would lose unless another role of theirs gives them.</param>
public sealed record RoleImpact(int Members, int Roles, int Organizations, int Connections, IReadOnlyList<string> Added, IReadOnlyList<string> Removed)
{
    /// <summary>How many mappings of directories' groups give it.</summary>
    public int GroupMappings { get; init; }
}

/// <summary>
/// Says what hangs on a role, and puts another in its place everywhere. Crosses organizations for the roles of the instance, which all of them may be using; every
/// statement names the role.
/// </summary>
public sealed class RoleReplacement(IdpDbContext db, RoleService roles, RoleHierarchy hierarchy, EventLog events, TimeProvider clock)
{
    /// <param name="proposed">The permissions of its own; null: as they are.</param>
    public async Task<Result<RoleImpact>> ImpactAsync(Id<Organization> owner, Id<Role> id, IReadOnlyList<string>? proposed, CancellationToken ct)
    {
        var found = await roles.FindAsync(owner, id, ct);
        if (!found.IsOk) return found.Error;
        var role = found.Value;
        var extending = await hierarchy.ExtendingAsync(id, owner, ct);
        Id<Role>[] affected = [id, .. extending];
        var holders = Held(affected).Select(r => new { r.OrganizationId, r.MembershipId }).Union(HeldInWorkspaces(affected).Select(r => new { r.OrganizationId, r.MembershipId }));
        if (owner != Organization.Instance) holders = holders.Where(r => r.OrganizationId == owner);
        var members = await holders.CountAsync(ct);
        var organizations = await holders.Select(r => r.OrganizationId).Distinct().CountAsync(ct);
        var connections = await roles.GivingAsync(owner, role.Key, ct);
        var mapped = roles.Mapped(id);
        var mappings = await (owner == Organization.Instance ? mapped : mapped.Where(m => m.OrganizationId == owner)).CountAsync(ct);
        // What it inherits stays, whatever it names itself.
        var after = proposed is null ? role.Permissions : role.Permissions.Except(role.OwnPermissions.Except(await InheritedAsync(role, ct))).Union(proposed).ToList();
        return new RoleImpact(members, extending.Count, organizations, connections.Count, [.. after.Except(role.Permissions).Order(StringComparer.Ordinal)], [.. role.Permissions.Except(after).Order(StringComparer.Ordinal)]) { GroupMappings = mappings };
    }

    /// <summary>Gives the other role to everybody who holds this one, from the same source, and to the connections that give it; then deletes this one. All or nothing.</summary>
    /// <param name="with">The key of a role that exists where this one does.</param>
    public async Task<Result> ReplaceAsync(Id<Organization> owner, Id<Role> id, string with, Granter granter, CancellationToken ct)
    {
        // From whatever source they hold this one, holders would be owners by it: an owner is made by people, one at a time.
        if (with == BuiltInRoles.Owner) return RoleErrors.ReplacementOwner;
        try
        {
            return await ReplaceOnceAsync(owner, id, with, granter, ct);
        }
        catch (DbUpdateException e) when (db.Database.CurrentTransaction is null && e is not DbUpdateConcurrencyException)
        {
            // Given to somebody in this moment: the foreign key has refused.
            return RoleErrors.InUse;
        }
    }

    private async Task<Result> ReplaceOnceAsync(Id<Organization> owner, Id<Role> id, string with, Granter granter, CancellationToken ct)
    {
        var replaced = await db.InTransactionAsync<bool>(
            async () =>
            {
                if (owner != Organization.Instance && !await db.LockAsync(owner, ct)) return OrganizationErrors.NotFound;
                var role = await db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().SingleOrDefaultAsync(r => r.Id == id && r.OrganizationId == owner, ct);
                if (role is null || role.IsBuiltIn) return await RefusalAsync(owner, id, ct);
                var other = await db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking()
                    .Where(r => r.Key == with && (r.OrganizationId == owner || r.OrganizationId == Organization.Instance)).InSetOf(db, owner).SingleOrDefaultAsync(ct);
                if (other is null || other.Id == id) return RoleErrors.ReplacementUnknown;
                if (!await granter.CoversAsync(db, [role, other], ct)) return RoleErrors.Escalation;
                if (await roles.IsExtendedAsync(id, ct)) return RoleErrors.Extended;

                var given = await GivenInsteadAsync(owner, role.Key, other, granter, ct);
                if (!given.IsOk) return given.Error;
                var mapped = await MappedInsteadAsync(owner, role, other, granter, ct);
                if (!mapped.IsOk) return mapped.Error;
                var members = await MoveAsync(role, other, null, ct);
                events.Record(EventTypes.RoleReplaced, owner, id.ToString(), new { role.Key, with = other.Key, members });
                var deleted = await roles.DeleteAsync(owner, id, granter, ct);
                return deleted.IsOk ? true : deleted.Error;
            }, ct);
        return replaced.IsOk ? Result.Ok : replaced.Error;
    }

    private async Task<IReadOnlyList<string>> InheritedAsync(Role role, CancellationToken ct) =>
        role.ExtendsId is { } id ? (await db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().SingleAsync(r => r.Id == id, ct)).Permissions : [];

    private IQueryable<Members.MembershipRole> Held(params Id<Role>[] ids) => db.MembershipRoles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => ids.Contains(r.RoleId));

    private IQueryable<Workspaces.WorkspaceRole> HeldInWorkspaces(params Id<Role>[] ids) => db.WorkspaceRoles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => ids.Contains(r.RoleId));

    /// <summary>Who holds both from one source keeps one row; the members' versions say that something changed.</summary>
    /// <param name="only">Null: in all organizations.</param>
    internal async Task<int> MoveAsync(Role role, Role other, Id<Organization>? only, CancellationToken ct)
    {
        var (from, to, owner, now) = (role.Id, other.Id, other.OrganizationId, clock.GetUtcNow());
        var (all, organization) = (only is null, only ?? Organization.Instance);
        var members = await db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(m => (all || m.OrganizationId == organization) && m.Roles.Any(r => r.RoleId == from))
            .ExecuteUpdateAsync(set => set.SetProperty(m => m.Version, m => m.Version + 1).SetProperty(m => m.UpdatedAt, now), ct);
        var held = Held(from).Where(r => all || r.OrganizationId == organization);
        await held
            .Where(r => !db.MembershipRoles.Any(o => o.OrganizationId == r.OrganizationId && o.MembershipId == r.MembershipId && o.RoleId == to && o.Source == r.Source && o.SourceId == r.SourceId))
            .ExecuteUpdateAsync(set => set.SetProperty(r => r.RoleId, to).SetProperty(r => r.RoleOrganizationId, owner), ct);
        await held.ExecuteDeleteAsync(ct);

        await db.WorkspaceMembers.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(m => (all || m.OrganizationId == organization) && m.Roles.Any(r => r.RoleId == from))
            .ExecuteUpdateAsync(set => set.SetProperty(m => m.Version, m => m.Version + 1).SetProperty(m => m.UpdatedAt, now), ct);
        var inside = HeldInWorkspaces(from).Where(r => all || r.OrganizationId == organization);
        await inside
            .Where(r => !db.WorkspaceRoles.Any(o =>
                o.OrganizationId == r.OrganizationId && o.WorkspaceId == r.WorkspaceId && o.MembershipId == r.MembershipId && o.RoleId == to && o.Source == r.Source && o.SourceId == r.SourceId))
            .ExecuteUpdateAsync(set => set.SetProperty(r => r.RoleId, to).SetProperty(r => r.RoleOrganizationId, owner), ct);
        await inside.ExecuteDeleteAsync(ct);
        return members;
    }

    /// <summary>The connections and directories of one organization follow; those of many are their admins' to change first.</summary>
    internal async Task<Result> GivenInsteadAsync(Id<Organization> owner, string key, Role other, Granter granter, CancellationToken ct)
    {
        var directories = await GivenByDirectoriesInsteadAsync(owner, key, other, granter, ct);
        return directories.IsOk ? await GivenByConnectionsInsteadAsync(owner, key, other, granter, ct) : directories;
    }

    private async Task<Result> GivenByDirectoriesInsteadAsync(Id<Organization> owner, string key, Role other, Granter granter, CancellationToken ct)
    {
        var giving = await roles.GivenByDirectories(owner, key).ToListAsync(ct);
        if (giving.Count == 0) return Result.Ok;
        if (owner == Organization.Instance || !await granter.CoversAsync(db, [Permission.DirectoriesWrite], ct)) return RoleErrors.DefaultOfDirectory;
        if (BuiltInRoles.IsPrivileged(other)) return DirectoryErrors.RolePrivileged;
        foreach (var directory in giving)
        {
            events.Record(EventTypes.DirectoryUpdated, owner, directory.Id.ToString(), new { roleReplaced = key, with = other.Key });
            var changed = directory.Change(directory.Settings with { DefaultRole = other.Key }, clock.GetUtcNow());
            if (!changed.IsOk) return changed;
        }

        return await db.TrySaveAsync(ct);
    }

    private async Task<Result> GivenByConnectionsInsteadAsync(Id<Organization> owner, string key, Role other, Granter granter, CancellationToken ct)
    {
        var giving = await roles.GivingAsync(owner, key, ct);
        if (giving.Count == 0) return Result.Ok;
        // What a connection gives is part of the sign-in: whoever may not change that puts no other role in its place.
        if (owner == Organization.Instance || !await granter.CoversAsync(db, [Permission.ConnectionsWrite], ct)) return RoleErrors.DefaultOfConnection;
        var now = clock.GetUtcNow();
        foreach (var connection in giving)
        {
            events.Record(EventTypes.ConnectionUpdated, owner, connection.Id.ToString(), new { roleReplaced = key, with = other.Key });
            if (connection.DefaultRoleKey == key)
            {
                if (BuiltInRoles.IsPrivileged(other)) return ConnectionErrors.RolePrivileged;
                connection.SetProvisioning(connection.Jit, other.Key, connection.TrustEmail, connection.AllowOutsideDomains, now);
            }

            if (connection.SsoRoles is not { } rules || rules.Rules.All(r => r.Role != key)) continue;
            if (other.Key == BuiltInRoles.Owner) return ConnectionErrors.SsoRoleOwner;
            var set = connection.SetSsoRoles(rules with { Rules = [.. rules.Rules.Select(r => r.Role == key ? r with { Role = other.Key } : r).Distinct()] }, now);
            if (!set.IsOk) return set;
        }

        return await db.TrySaveAsync(ct);
    }

    /// <summary>So do the groups of one organization's directories. Before the holders are moved.</summary>
    internal async Task<Result> MappedInsteadAsync(Id<Organization> owner, Role role, Role other, Granter granter, CancellationToken ct)
    {
        var mapped = roles.Mapped(role.Id);
        if (!await (owner == Organization.Instance ? mapped : mapped.Where(m => m.OrganizationId == owner)).AnyAsync(ct)) return Result.Ok;
        if (owner == Organization.Instance || !await granter.CoversAsync(db, [Permission.DirectoriesWrite], ct)) return GroupErrors.MappingOfRole;
        if (other.Key == BuiltInRoles.Owner) return GroupErrors.OwnerMapped;
        db.EnterOrganization(owner);
        await GroupMappingService.GiveInsteadAsync(db, events, owner, role, other, ct);
        return await db.TrySaveAsync(ct);
    }

    private async Task<Error> RefusalAsync(Id<Organization> owner, Id<Role> id, CancellationToken ct)
    {
        var found = await roles.FindAsync(owner, id, ct);
        return found.IsOk ? found.Value.IsBuiltIn ? RoleErrors.BuiltIn : RoleErrors.OfInstance : found.Error;
    }
}
