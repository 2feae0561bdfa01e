using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.SignIn;

/// <summary>Makes users, identities and memberships at a sign-in, in the caller's transaction and tenant scope. Never gives Owner or Admin, never revives a removed member.</summary>
public sealed class JitProvisioning(IdpDbContext db, JitGate gate, SsoRoleAssignments ssoRoles, EventLog events, TraceRecorder trace, TimeProvider clock)
{
    public async Task<Result<Id<User>>> CreateAsync(Connection connection, ExternalIdentity external, EmailAddress? email, bool verified, CancellationToken ct)
    {
        TraceMode(connection);
        var now = clock.GetUtcNow();
        var user = User.Create(external.Name, now, connection.OrganizationId);
        EmailAddress[] shown = verified && email is { } own ? [own] : [];
        var allowed = await gate.CheckAsync(connection, user.Id, shown, ct);
        if (!allowed.IsOk) return allowed.Error;
        if (email is { } address) user.AddEmail(address, verified, now);
        db.Users.Add(user);
        events.Record(EventTypes.UserCreated, connection.OrganizationId, user.Id.ToString(), new { by = "jit", connectionId = connection.Id }, new { email = email?.Value, name = external.Name.Display });
        Link(connection, external, user.Id, "created");
        await JoinAsync(connection, external, user.Id, null, shown, ct);
        return user.Id;
    }

    public async Task<Result<Id<User>>> LinkAsync(Connection connection, ExternalIdentity external, Id<User> user, string why, CancellationToken ct)
    {
        var membership = await MembershipAsync(connection, external, user, ct);
        TraceMode(connection);
        if (membership is not null and not { Status: MembershipStatus.Active }) return membership.Status == MembershipStatus.Pending ? SignInErrors.MembershipPending : SignInErrors.MembershipEnded;
        var allowed = membership is null ? await gate.CheckAsync(connection, user, null, ct) : Result.Ok;
        if (!allowed.IsOk) return allowed.Error;
        Link(connection, external, user, why);
        await JoinAsync(connection, external, user, membership, null, ct);
        return user;
    }

    /// <summary>A known identity comes back: its membership must still stand.</summary>
    public async Task<Result<Id<User>>> ReturnAsync(Connection connection, ExternalIdentity external, UserIdentity identity, CancellationToken ct)
    {
        var membership = await MembershipAsync(connection, external, identity.UserId, ct);
        TraceMode(connection);
        if (membership is not null and not { Status: MembershipStatus.Active }) return membership.Status == MembershipStatus.Pending ? SignInErrors.MembershipPending : SignInErrors.MembershipEnded;
        var allowed = membership is null ? await gate.CheckAsync(connection, identity.UserId, null, ct) : Result.Ok;
        if (!allowed.IsOk) return allowed.Error;
        await JoinAsync(connection, external, identity.UserId, membership, null, ct);
        return identity.UserId;
    }

    private void Link(Connection connection, ExternalIdentity external, Id<User> user, string why)
    {
        db.UserIdentities.Add(UserIdentity.Link(user, connection, external.Issuer, external.Subject, why, clock.GetUtcNow()));
        events.Record(EventTypes.IdentityLinked, connection.OrganizationId, user.ToString(), new { connectionId = connection.Id, why }, new { subject = external.Subject });
    }

    private async Task JoinAsync(Connection connection, ExternalIdentity external, Id<User> user, Membership? membership, IReadOnlyCollection<EmailAddress>? verified, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (membership is null)
        {
            membership = Membership.Join(connection.OrganizationId, user, now);
            db.Memberships.Add(membership);
            Role[] roles = await gate.ConsumeAsync(membership, verified, ct) ? [] : [await DefaultRoleAsync(connection, ct)];
            foreach (var role in roles) membership.Grant(role, RoleSource.Jit, connection.Id.ToString(), now);
            events.Record(EventTypes.MemberJoined, connection.OrganizationId, membership.Id.ToString(), new { userId = user, by = "jit", connectionId = connection.Id });
            await db.JoinDefaultAsync(events, membership, roles, RoleSource.Jit, connection.Id.ToString(), now, ct);
            trace.Add("provisioning", "membership_created", TraceVerdict.Passed, roles.Length == 0 ? "the roles of an invitation" : $"default role {roles[0].Key}");
        }
        else
        {
            trace.Add("provisioning", "membership_found", TraceVerdict.Passed, membership.Status.ToString());
        }

        membership.Overlay(external.Name.Display, now);
        await ssoRoles.ApplyAsync(connection, external, membership, ct);
        await TraceRolesAsync(membership, ct);
    }

    private void TraceMode(Connection connection) => trace.Add("provisioning", "jit_mode", TraceVerdict.Noted, connection.Jit.ToString());

    /// <summary>The roles of this membership as this sign-in leaves them, each with its sources.</summary>
    private async Task TraceRolesAsync(Membership membership, CancellationToken ct)
    {
        var held = db.Entry(membership).Collection(m => m.Roles);
        if (db.Entry(membership).State != EntityState.Added && !held.IsLoaded) await held.LoadAsync(ct);
        var ids = membership.Roles.Select(r => r.RoleId).Distinct().ToArray();
        var keys = await db.Roles.AsNoTracking().Where(r => ids.Contains(r.Id)).ToDictionaryAsync(r => r.Id, r => r.Key, ct);
        var shown = membership.Roles.GroupBy(r => keys.GetValueOrDefault(r.RoleId, "?"), r => r.Source.ToString()).Select(g => $"{g.Key} ({string.Join(", ", g.Distinct())})").Order(StringComparer.Ordinal);
        trace.Add("roles", "roles", TraceVerdict.Noted, membership.Roles.Count == 0 ? "none" : string.Join("; ", shown));
    }

    private async Task<Role> DefaultRoleAsync(Connection connection, CancellationToken ct)
    {
        // The connection's rules refuse privileged defaults; here it is made impossible for any row that got past them.
        var key = BuiltInRoles.IsPrivileged(connection.DefaultRoleKey) ? BuiltInRoles.Member : connection.DefaultRoleKey;
        var candidates = await db.Roles.Where(r => r.Key == key || (r.Key == BuiltInRoles.Member && r.OrganizationId == Organization.Instance)).ToListAsync(ct);
        return candidates.Where(r => r.Key == key && !BuiltInRoles.IsPrivileged(r)).OrderByDescending(r => r.OrganizationId == connection.OrganizationId).FirstOrDefault() ?? candidates.First(r => r.Key == BuiltInRoles.Member);
    }

    private Task<Membership?> MembershipAsync(Connection connection, ExternalIdentity external, Id<User> user, CancellationToken ct)
    {
        var memberships = SsoRoleAssignments.Speaks(connection, external) ? db.Memberships.Include(m => m.Roles) : db.Memberships.AsQueryable();
        return memberships.SingleOrDefaultAsync(m => m.OrganizationId == connection.OrganizationId && m.UserId == user, ct);
    }
}
