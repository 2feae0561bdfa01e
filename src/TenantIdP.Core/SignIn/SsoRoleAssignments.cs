using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Members;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.SignIn;

/// <summary>
/// Makes a member's roles of source <c>sso</c> what the connection's rules say of this sign-in, in the caller's transaction and tenant scope. Roles of other sources, and of
/// other connections, are not touched; what was taken is missing from the next token.
/// </summary>
public sealed class SsoRoleAssignments(IdpDbContext db, EventLog events, TimeProvider clock)
{
    /// <summary>False when nothing may change: the connection gives no roles, or its attribute was absent, which is not the same as empty.</summary>
    public static bool Speaks(Connection connection, ExternalIdentity external) => connection.SsoRoles is not null && external.RoleValues is not null;

    /// <param name="membership">Tracked, with its roles.</param>
    public async Task ApplyAsync(Connection connection, ExternalIdentity external, Membership membership, CancellationToken ct)
    {
        if (connection.SsoRoles is not { } mapping || external.RoleValues is not { } values) return;
        var source = connection.Id.ToString();
        var keys = mapping.Rules.Where(r => values.Contains(r.Value, StringComparer.Ordinal)).Select(r => r.Role).Distinct(StringComparer.Ordinal).ToArray();
        var held = membership.Roles.Where(r => r.Source == RoleSource.Sso && r.SourceId == source).Select(r => r.RoleId).ToArray();
        if (keys.Length == 0 && held.Length == 0) return;

        var roles = await db.Roles.AsNoTracking().Where(r => keys.Contains(r.Key) || held.Contains(r.Id)).ToListAsync(ct);
        // A rule may have outlived its role. The rules refuse owner; here it is made impossible for any row that got past them.
        var wanted = keys.Where(key => key != BuiltInRoles.Owner)
            .Select(key => roles.Where(r => r.Key == key).OrderByDescending(r => r.OrganizationId == connection.OrganizationId).FirstOrDefault()).OfType<Role>().ToList();
        var now = clock.GetUtcNow();
        foreach (var role in wanted.Where(role => membership.Grant(role, RoleSource.Sso, source, now))) Record(EventTypes.MemberRoleGranted, connection, membership, role);
        foreach (var role in roles.Where(r => held.Contains(r.Id) && !wanted.Any(w => w.Id == r.Id)))
        {
            if (membership.Revoke(role.Id, RoleSource.Sso, source, now)) Record(EventTypes.MemberRoleRevoked, connection, membership, role);
        }
    }

    private void Record(string type, Connection connection, Membership membership, Role role) =>
        events.Record(type, connection.OrganizationId, membership.Id.ToString(), new { userId = membership.UserId, role = role.Key, source = RoleSource.Sso, connectionId = connection.Id });
}
