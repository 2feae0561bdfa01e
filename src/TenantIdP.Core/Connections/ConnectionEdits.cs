using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Core.Connections;

/// <summary>What every change of a connection goes through, whatever its kind: the lock, the version, the rules about roles and the organization's policy.</summary>
public sealed class ConnectionEdits(IdpDbContext db, EventLog events, IGrantRevoker grants)
{
    internal Task<Result<Connection>> ChangeAsync(Id<Organization> organization, Id<Connection> id, int? expectedVersion, Func<Connection, Task<Result>> change, CancellationToken ct) =>
        ChangeAsync(organization, id, expectedVersion, change, Saving.NoIndex, ct);

    /// <param name="unique">The error of each unique index that this change can run into.</param>
    internal Task<Result<Connection>> ChangeAsync(
        Id<Organization> organization, Id<Connection> id, int? expectedVersion, Func<Connection, Task<Result>> change, IReadOnlyDictionary<string, Error> unique, CancellationToken ct) =>
        db.InTransactionAsync<Connection>(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                var connection = await db.Connections.SingleOrDefaultAsync(c => c.OrganizationId == organization && c.Id == id, ct);
                if (connection is null) return ConnectionErrors.NotFound;
                var seen = VersionErrors.Check(connection, expectedVersion);
                if (!seen.IsOk) return seen.Error;
                var wasActive = connection.Status == ConnectionStatus.Active;
                var changed = await change(connection);
                if (!changed.IsOk) return changed.Error;
                if (wasActive && (connection.Status != ConnectionStatus.Active || db.Entry(connection).State == EntityState.Deleted) && await IsRequiredAsync(connection, ct)) return ConnectionErrors.StillRequired;
                if (wasActive && (connection.Status == ConnectionStatus.Disabled || db.Entry(connection).State == EntityState.Deleted)) await grants.TellConnectionAsync(organization, id, ct);
                var saved = await db.TrySaveAsync(unique, ct);
                return saved.IsOk ? connection : saved.Error;
            }, ct);

    /// <summary>The role of people who join by signing in.</summary>
    internal async Task<Result> CheckDefaultRoleAsync(Id<Organization> organization, string key, Granter granter, CancellationToken ct)
    {
        if (BuiltInRoles.IsPrivileged(key)) return ConnectionErrors.RolePrivileged;
        var roles = await FindAsync(organization, [key], ct);
        if (roles.Count == 0) return ConnectionErrors.RoleUnknown;
        if (roles.Any(BuiltInRoles.IsPrivileged)) return ConnectionErrors.RolePrivileged;
        return await granter.CoversAsync(db, roles, ct) ? Result.Ok : RoleErrors.Escalation;
    }

    /// <summary>Sets the rules; the caller must hold what they gave before and what they give after (SECURITY.md C10). Owner is given by people only.</summary>
    internal async Task<Result> SetSsoRolesAsync(Connection connection, SsoRoles? roles, Granter granter, DateTimeOffset now, CancellationToken ct)
    {
        var before = connection.SsoRoles?.Rules.Select(r => r.Role) ?? [];
        var set = connection.SetSsoRoles(roles, now);
        if (!set.IsOk) return set;
        var wanted = roles?.Rules.Select(r => r.Role).ToHashSet(StringComparer.Ordinal) ?? [];
        if (wanted.Contains(BuiltInRoles.Owner)) return ConnectionErrors.SsoRoleOwner;
        var found = await FindAsync(connection.OrganizationId, [.. wanted.Union(before)], ct);
        if (!wanted.All(key => found.Any(r => r.Key == key))) return ConnectionErrors.SsoRoleUnknown;
        if (!await granter.CoversAsync(db, found, ct)) return RoleErrors.Escalation;
        await TakeBackAsync(connection, [.. found.Where(r => wanted.Contains(r.Key)).Select(r => r.Id)], now, ct);
        return Result.Ok;
    }

    /// <summary>
    /// Takes from every member what the connection gave and no rule gives any more: nobody waits for a next sign-in to lose it. What another value still gives stays until
    /// then, because which value it came from is not known.
    /// </summary>
    internal async Task TakeBackAsync(Connection connection, IReadOnlyCollection<Id<Role>> kept, DateTimeOffset now, CancellationToken ct)
    {
        var (organization, source) = (connection.OrganizationId, connection.Id.ToString());
        var members = await db.Memberships
            .Where(m => m.OrganizationId == organization && m.Roles.Any(r => r.Source == RoleSource.Sso && r.SourceId == source && !kept.Contains(r.RoleId)))
            .ExecuteUpdateAsync(set => set.SetProperty(m => m.Version, m => m.Version + 1).SetProperty(m => m.UpdatedAt, now), ct);
        if (members == 0) return;
        await db.Set<MembershipRole>().Where(r => r.OrganizationId == organization && r.Source == RoleSource.Sso && r.SourceId == source && !kept.Contains(r.RoleId)).ExecuteDeleteAsync(ct);
        events.Record(EventTypes.ConnectionRolesRevoked, organization, source, new { members });
    }

    private Task<List<Role>> FindAsync(Id<Organization> organization, IReadOnlyCollection<string> keys, CancellationToken ct) =>
        db.Roles.AsNoTracking().Where(r => keys.Contains(r.Key) && (r.OrganizationId == organization || r.OrganizationId == Organization.Instance)).InSetOf(db, organization).ToListAsync(ct);

    private async Task<bool> IsRequiredAsync(Connection connection, CancellationToken ct) =>
        await db.Organizations.AnyAsync(o => o.Id == connection.OrganizationId && o.RequireSso, ct)
        && !await db.Connections.AnyAsync(c => c.OrganizationId == connection.OrganizationId && c.Id != connection.Id && c.Status == ConnectionStatus.Active, ct);
}
