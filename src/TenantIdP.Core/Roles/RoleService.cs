using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Roles;

public sealed record NewRole(string Key, string DisplayName, IReadOnlyList<string> Permissions);

/// <summary>A merge patch of a role.</summary>
public sealed record RoleChanges
{
    public Patch<string> DisplayName { get; init; }
    public Patch<IReadOnlyList<string>> Permissions { get; init; }
}

/// <summary>
/// Roles of one organization, or of the instance when the owner is <see cref="Organization.Instance"/>. Crosses organizations only for the instance's own roles, which all of
/// them may be using.
/// </summary>
public sealed class RoleService(IdpDbContext db, EventLog events, TimeProvider clock)
{
    private static readonly Dictionary<string, Error> Unique = new() { ["ux_roles_organization_id_key"] = RoleErrors.KeyTaken };

    public async Task<Result<Role>> CreateAsync(Id<Organization> owner, NewRole wanted, Granter granter, CancellationToken ct)
    {
        var made = Role.Create(owner, wanted.Key, wanted.DisplayName, wanted.Permissions, clock.GetUtcNow());
        if (!made.IsOk) return made.Error;
        if (!await granter.CoversAsync(db, made.Value.Permissions, ct)) return RoleErrors.Escalation;

        // Tokens carry the key alone: a role of an organization must not pass for one of the instance, nor the other way round.
        var others = db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => r.Key == wanted.Key);
        if (owner != Organization.Instance) others = others.Where(r => r.OrganizationId == Organization.Instance || r.OrganizationId == owner);
        if (await others.AnyAsync(ct)) return RoleErrors.KeyTaken;

        db.Roles.Add(made.Value);
        events.Record(EventTypes.RoleCreated, owner, made.Value.Id.ToString(), Facts(made.Value));
        var saved = await db.TrySaveAsync(Unique, ct);
        return saved.IsOk ? made.Value : saved.Error;
    }

    /// <summary>The owner's own roles after those of the instance, which exist in every organization.</summary>
    public async Task<Result<Page<Role>>> ListAsync(Id<Organization> owner, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<Role>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        var roles = Visible(owner).AsNoTracking();
        if (after is { } id) roles = roles.Where(r => r.Id > id);
        return await roles.OrderBy(r => r.Id).TakePageAsync(page, r => r.Id.ToString(), ct);
    }

    public async Task<Result<Role>> FindAsync(Id<Organization> owner, Id<Role> id, CancellationToken ct) =>
        await Visible(owner).AsNoTracking().SingleOrDefaultAsync(r => r.Id == id, ct) is { } found ? found : RoleErrors.NotFound;

    /// <summary>Shows in tokens at their next mint. The caller must hold what the role permitted before and what it permits after.</summary>
    public async Task<Result<Role>> UpdateAsync(Id<Organization> owner, Id<Role> id, RoleChanges changes, Granter granter, int? expectedVersion, CancellationToken ct)
    {
        var role = await Of(owner).SingleOrDefaultAsync(r => r.Id == id, ct);
        if (role is null) return await RefusalAsync(owner, id, ct);
        var seen = VersionErrors.Check(role, expectedVersion);
        if (!seen.IsOk) return seen.Error;
        var (name, permissions, before) = (changes.DisplayName.Or(role.DisplayName) ?? "", changes.Permissions.Or(role.Permissions) ?? [], role.Permissions);
        var was = EventLog.FactsOf(Facts(role));
        var valid = role.Check(name, permissions);
        if (!valid.IsOk) return valid.Error;
        if (!await granter.CoversAsync(db, before.Union(permissions), ct)) return RoleErrors.Escalation;
        role.Change(name, permissions, clock.GetUtcNow());
        events.RecordChange(EventTypes.RoleUpdated, owner, id.ToString(), was, Facts(role));
        var saved = await db.TrySaveAsync(ct);
        return saved.IsOk ? role : saved.Error;
    }

    public async Task<Result> DeleteAsync(Id<Organization> owner, Id<Role> id, Granter granter, CancellationToken ct)
    {
        var role = await Of(owner).SingleOrDefaultAsync(r => r.Id == id, ct);
        if (role is null) return await RefusalAsync(owner, id, ct);
        if (role.IsBuiltIn) return RoleErrors.BuiltIn;
        if (!await granter.CoversAsync(db, [role], ct)) return RoleErrors.Escalation;
        if (await IsHeldAsync(id, ct)) return RoleErrors.InUse;
        if ((await GivingAsync(owner, role.Key, ct)).Count > 0) return RoleErrors.DefaultOfConnection;

        db.Roles.Remove(role);
        events.Record(EventTypes.RoleDeleted, owner, id.ToString(), new { role.Key });
        try
        {
            return await db.TrySaveAsync(ct);
        }
        catch (DbUpdateException) when (db.Database.CurrentTransaction is null)
        {
            // Given to somebody between the look and the delete: the foreign key has refused.
            db.DiscardChanges();
            if (await IsHeldAsync(id, ct)) return RoleErrors.InUse;
            throw;
        }
    }

    private static object Facts(Role r) => new { r.Key, r.DisplayName, r.Permissions };

    private IQueryable<Role> Of(Id<Organization> owner) => db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => r.OrganizationId == owner);

    private IQueryable<Role> Visible(Id<Organization> owner) =>
        db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => r.OrganizationId == owner || r.OrganizationId == Organization.Instance);

    /// <summary>The connections that give a role, by default or by a rule; tracked. The rules are JSON, which both stores can't look into alike.</summary>
    internal async Task<List<Connection>> GivingAsync(Id<Organization> owner, string key, CancellationToken ct)
    {
        var connections = db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(c => c.DefaultRoleKey == key || c.SsoRoles != null);
        if (owner != Organization.Instance) connections = connections.Where(c => c.OrganizationId == owner);
        return [.. (await connections.ToListAsync(ct)).Where(c => c.DefaultRoleKey == key || c.SsoRoles?.Rules.Any(r => r.Role == key) == true)];
    }

    private async Task<bool> IsHeldAsync(Id<Role> id, CancellationToken ct) =>
        await db.MembershipRoles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AnyAsync(r => r.RoleId == id, ct)
        || await db.WorkspaceRoles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AnyAsync(r => r.RoleId == id, ct);

    /// <summary>An organization sees the roles of the instance but can't change them.</summary>
    private async Task<Error> RefusalAsync(Id<Organization> owner, Id<Role> id, CancellationToken ct) =>
        await Visible(owner).AnyAsync(r => r.Id == id, ct) ? RoleErrors.OfInstance : RoleErrors.NotFound;
}
