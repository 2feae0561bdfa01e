using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Roles;

/// <param name="Extends">The key of the role whose permissions it has, too; null: of none.</param>
public sealed record NewRole(string Key, string DisplayName, IReadOnlyList<string> Permissions, string? Extends = null)
{
    /// <summary>Keys of roles; only who holds one of them may give or take this role. Empty: whoever holds all its permissions may.</summary>
    public IReadOnlyList<string> AssignableBy { get; init; } = [];
}

/// <summary>Each null member lets everything through.</summary>
/// <param name="Custom">Not one of the built-in four.</param>
public sealed record RoleFilter(string? Key = null, bool? Custom = null);

/// <summary>A merge patch of a role.</summary>
public sealed record RoleChanges
{
    public Patch<string> DisplayName { get; init; }

    /// <summary>Its own; what it inherits comes with <see cref="Extends"/>. Of a built-in role: what stays of those that it is published with.</summary>
    public Patch<IReadOnlyList<string>> Permissions { get; init; }

    /// <summary>The key of the role whose permissions it has, too; null: of none.</summary>
    public Patch<string> Extends { get; init; }

    /// <summary>Keys of roles; only who holds one of them may give or take this role. Empty or null: whoever holds all its permissions may.</summary>
    public Patch<IReadOnlyList<string>> AssignableBy { get; init; }
}

/// <summary>
/// Roles of one organization, or of the instance when the owner is <see cref="Organization.Instance"/>. Crosses organizations only for the instance's own roles, which all of
/// them may be using.
/// </summary>
public sealed class RoleService(IdpDbContext db, RoleHierarchy hierarchy, MemberOptions options, EventLog events, TimeProvider clock)
{
    /// <summary>The role that another extends, if any.</summary>
    private readonly record struct Extended(Role? Role);

    private static readonly string[] BuiltInKeys = [.. BuiltInRoles.All.Select(r => r.Key)];

    private static readonly Dictionary<string, Error> Unique = new() { ["ux_roles_organization_id_key"] = RoleErrors.KeyTaken };

    public Task<Result<Role>> CreateAsync(Id<Organization> owner, NewRole wanted, Granter granter, CancellationToken ct) =>
        db.InTransactionAsync<Role>(
            async () =>
            {
                await hierarchy.LockAsync(ct); // also keeps one key from being made at once here and in the instance
                var parent = await ParentAsync(owner, wanted.Extends, null, ct);
                if (!parent.IsOk) return parent.Error;
                var made = Role.Create(owner, wanted.Key, new RoleSettings(wanted.DisplayName, wanted.Permissions, parent.Value.Role, wanted.AssignableBy), clock.GetUtcNow());
                if (!made.IsOk) return made.Error;
                if (!await granter.CoversAsync(db, parent.Value.Role is { } extended ? [made.Value, extended] : [made.Value], ct)) return RoleErrors.Escalation;

                // Tokens carry the key alone: a role of an organization must not pass for one of the instance, nor the other way round.
                var others = db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => r.Key == wanted.Key);
                if (owner != Organization.Instance) others = others.Where(r => r.OrganizationId == Organization.Instance || r.OrganizationId == owner);
                if (await others.AnyAsync(ct)) return RoleErrors.KeyTaken;
                if (owner != Organization.Instance && await Of(owner).CountAsync(ct) >= options.MaxCustomRoles) return RoleErrors.Limit;

                db.Roles.Add(made.Value);
                events.Record(EventTypes.RoleCreated, owner, made.Value.Id.ToString(), Facts(made.Value));
                var saved = await db.TrySaveAsync(Unique, ct);
                return saved.IsOk ? made.Value : saved.Error;
            }, ct);

    /// <summary>The owner's own roles after those of the instance, which exist in every organization.</summary>
    public async Task<Result<Page<Role>>> ListAsync(Id<Organization> owner, RoleFilter filter, PageRequest page, CancellationToken ct)
    {
        var roles = Visible(owner).AsNoTracking();
        if (filter.Key is { } key) roles = roles.Where(r => r.Key == key);
        if (filter.Custom is { } custom) roles = roles.Where(r => (r.OrganizationId != Organization.Instance || !BuiltInKeys.Contains(r.Key)) == custom);
        return await roles.PageAsync(page, r => r.Id, ct);
    }

    public async Task<Result<Role>> FindAsync(Id<Organization> owner, Id<Role> id, CancellationToken ct) =>
        await Visible(owner).AsNoTracking().SingleOrDefaultAsync(r => r.Id == id, ct) is { } found ? found : RoleErrors.NotFound;

    /// <summary>Shows in tokens at their next mint, with all roles that extend it. The caller must hold what the role permitted before and what it permits after.</summary>
    public Task<Result<Role>> UpdateAsync(Id<Organization> owner, Id<Role> id, RoleChanges changes, Granter granter, int? expectedVersion, CancellationToken ct) =>
        db.InTransactionAsync<Role>(
            async () =>
            {
                await hierarchy.LockAsync(ct);
                var role = await Of(owner).SingleOrDefaultAsync(r => r.Id == id, ct);
                if (role is null) return await RefusalAsync(owner, id, ct);
                var seen = VersionErrors.Check(role, expectedVersion);
                if (!seen.IsOk) return seen.Error;
                var parent = await ParentAsync(owner, changes.Extends.Or(role.Extends), role, ct);
                if (!parent.IsOk) return parent.Error;
                var settings = new RoleSettings(
                    changes.DisplayName.Or(role.DisplayName) ?? "", changes.Permissions.Or(role.OwnPermissions) ?? [], parent.Value.Role, changes.AssignableBy.Or(role.AssignableBy) ?? []);
                var valid = role.Check(settings);
                if (!valid.IsOk) return valid.Error;

                // Also the right to give it, and what comes with the built-in role that it extends before and after.
                if (!await granter.CoversAsync(db, [role], ct) || !await granter.CoversAsync(db, Role.With(settings.Permissions, settings.Parent), ct)) return RoleErrors.Escalation;
                if (settings.Parent is { } extended && !await granter.CoversAsync(db, [extended], ct)) return RoleErrors.Escalation;
                var was = EventLog.FactsOf(Facts(role));
                role.Change(settings, clock.GetUtcNow());
                events.RecordChange(EventTypes.RoleUpdated, owner, id.ToString(), was, Facts(role));
                var saved = await db.TrySaveAsync(ct);
                if (!saved.IsOk) return saved.Error;
                await hierarchy.PassOnAsync(role, ct);
                return role;
            }, ct);

    /// <summary>Under the lock of the organization: whoever gives the role at this moment has given it before, or finds it gone.</summary>
    public async Task<Result> DeleteAsync(Id<Organization> owner, Id<Role> id, Granter granter, CancellationToken ct)
    {
        var isOuter = db.Database.CurrentTransaction is null;
        try
        {
            var deleted = await db.InTransactionAsync<bool>(
                async () =>
                {
                    if (isOuter && owner != Organization.Instance && !await db.LockAsync(owner, ct)) return OrganizationErrors.NotFound;
                    var done = await DeleteOnceAsync(owner, id, granter, ct);
                    return done.IsOk ? true : done.Error;
                }, ct);
            return deleted.IsOk ? Result.Ok : deleted.Error;
        }
        catch (DbUpdateException refused) when (isOuter && refused is not DbUpdateConcurrencyException)
        {
            // One of the instance, given to somebody between the look and the delete: the foreign key has refused.
            if (await IsHeldAsync(id, ct)) return RoleErrors.InUse;
            if (await IsExtendedAsync(id, ct)) return RoleErrors.Extended;
            if (await Mapped(id).AnyAsync(ct)) return GroupErrors.MappingOfRole;
            throw;
        }
    }

    private async Task<Result> DeleteOnceAsync(Id<Organization> owner, Id<Role> id, Granter granter, CancellationToken ct)
    {
        var role = await Of(owner).SingleOrDefaultAsync(r => r.Id == id, ct);
        if (role is null) return await RefusalAsync(owner, id, ct);
        if (role.IsBuiltIn) return RoleErrors.BuiltIn;
        if (!await granter.CoversAsync(db, [role], ct)) return RoleErrors.Escalation;
        if (await IsHeldAsync(id, ct)) return RoleErrors.InUse;
        if (await IsExtendedAsync(id, ct)) return RoleErrors.Extended;
        if ((await GivingAsync(owner, role.Key, ct)).Count > 0) return RoleErrors.DefaultOfConnection;
        if (await Mapped(id).AnyAsync(ct)) return GroupErrors.MappingOfRole;
        if (await GivenByDirectories(owner, role.Key).AnyAsync(ct)) return RoleErrors.DefaultOfDirectory;

        db.Roles.Remove(role);
        events.Record(EventTypes.RoleDeleted, owner, id.ToString(), new { role.Key });
        return await db.TrySaveAsync(ct);
    }

    private static object Facts(Role r) => new { r.Key, r.DisplayName, permissions = r.OwnPermissions, r.Extends, assignableBy = r.AssignableBy.Count == 0 ? null : r.AssignableBy };

    private IQueryable<Role> Of(Id<Organization> owner) => db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => r.OrganizationId == owner);

    private IQueryable<Role> Visible(Id<Organization> owner) =>
        db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => r.OrganizationId == owner || r.OrganizationId == Organization.Instance).InSetOf(db, owner);

    /// <summary>The connections that give a role, by default or by a rule; tracked. The rules are JSON, which both stores can't look into alike.</summary>
    internal async Task<List<Connection>> GivingAsync(Id<Organization> owner, string key, CancellationToken ct)
    {
        var connections = db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(c => c.DefaultRoleKey == key || c.SsoRoles != null);
        if (owner != Organization.Instance) connections = connections.Where(c => c.OrganizationId == owner);
        return [.. (await connections.ToListAsync(ct)).Where(c => c.DefaultRoleKey == key || c.SsoRoles?.Rules.Any(r => r.Role == key) == true)];
    }

    /// <summary>The directories whose members get a role by default.</summary>
    internal IQueryable<OrganizationDirectory> GivenByDirectories(Id<Organization> owner, string key)
    {
        var directories = db.Directories.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(d => d.DefaultRoleKey == key);
        return owner == Organization.Instance ? directories : directories.Where(d => d.OrganizationId == owner);
    }

    private async Task<bool> IsHeldAsync(Id<Role> id, CancellationToken ct) =>
        await db.MembershipRoles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AnyAsync(r => r.RoleId == id, ct)
        || await db.WorkspaceRoles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AnyAsync(r => r.RoleId == id, ct);

    /// <summary>What groups of directories give it, wherever.</summary>
    internal IQueryable<GroupMapping> Mapped(Id<Role> id) => db.GroupMappings.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(m => m.RoleId == id);

    internal Task<bool> IsExtendedAsync(Id<Role> id, CancellationToken ct) => db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AnyAsync(r => r.ExtendsId == id, ct);

    private async Task<Result<Extended>> ParentAsync(Id<Organization> owner, string? key, Role? role, CancellationToken ct)
    {
        if (key is null) return new Extended(null);
        var found = await hierarchy.ParentAsync(owner, key, role, ct);
        return found.IsOk ? new Extended(found.Value) : found.Error;
    }

    /// <summary>An organization sees the roles of the instance but can't change them.</summary>
    private async Task<Error> RefusalAsync(Id<Organization> owner, Id<Role> id, CancellationToken ct) =>
        await Visible(owner).AnyAsync(r => r.Id == id, ct) ? RoleErrors.OfInstance : RoleErrors.NotFound;
}
