using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.SignIn;

/// <summary>What gives roles to who signs in by a connection, beside its default role.</summary>
public sealed record SignInGrants(SsoRoleAssignments Sso, InvitationConsumption Invitations);

/// <summary>
/// Makes users, identities and memberships at a sign-in, in the caller's transaction and tenant scope. By itself it never gives Owner or Admin and never revives a removed member: only
/// an invitation to a verified address does, and it also opens a connection that takes nobody unasked, so that who is invited and must use it gets in.
/// </summary>
public sealed class JitProvisioning(IdpDbContext db, JitGate gate, SignInGrants grants, EventLog events, TraceRecorder trace, TimeProvider clock)
{
    public async Task<Result<Id<User>>> CreateAsync(Connection connection, ExternalIdentity external, EmailAddress? email, bool verified, CancellationToken ct)
    {
        TraceMode(connection);
        var invited = await grants.Invitations.FindAsync(connection.OrganizationId, null, verified ? email : null, ct);
        var now = clock.GetUtcNow();
        var user = User.Create(external.Name, now, connection.OrganizationId);
        var allowed = await gate.CheckAsync(connection, user.Id, verified && email is { } shown ? [shown] : [], invited.Any, ct);
        if (!allowed.IsOk) return allowed.Error;
        if (email is { } address) user.AddEmail(address, verified, now);
        db.Users.Add(user);
        events.Record(EventTypes.UserCreated, connection.OrganizationId, user.Id.ToString(), new { by = "jit", connectionId = connection.Id }, new { email = email?.Value, name = external.Name.Display });
        Link(connection, external, user.Id, "created");
        await JoinAsync(connection, external, user.Id, null, invited, ct);
        return user.Id;
    }

    public async Task<Result<Id<User>>> LinkAsync(Connection connection, ExternalIdentity external, Id<User> user, string why, CancellationToken ct)
    {
        var membership = await MembershipAsync(connection, external, user, ct);
        var admitted = await AdmitAsync(connection, user, membership, ct);
        if (!admitted.IsOk) return admitted.Error;
        Link(connection, external, user, why);
        await JoinAsync(connection, external, user, membership, admitted.Value, ct);
        return user;
    }

    /// <summary>A known identity comes back: its membership must still stand.</summary>
    public async Task<Result<Id<User>>> ReturnAsync(Connection connection, ExternalIdentity external, UserIdentity identity, CancellationToken ct)
    {
        var membership = await MembershipAsync(connection, external, identity.UserId, ct);
        var admitted = await AdmitAsync(connection, identity.UserId, membership, ct);
        if (!admitted.IsOk) return admitted.Error;
        await JoinAsync(connection, external, identity.UserId, membership, admitted.Value, ct);
        return identity.UserId;
    }

    /// <summary>Whether a person who is in the store may come in, with the invitations that wait for them where they are no member.</summary>
    private async Task<Result<WaitingInvitations>> AdmitAsync(Connection connection, Id<User> user, Membership? membership, CancellationToken ct)
    {
        TraceMode(connection);
        if (membership is { Status: MembershipStatus.Active }) return WaitingInvitations.None;
        if (membership is { Status: MembershipStatus.Pending }) return SignInErrors.MembershipPending;
        if (membership is { Status: not MembershipStatus.Removed }) return SignInErrors.MembershipEnded;
        var invited = await grants.Invitations.FindAsync(connection.OrganizationId, user, null, ct);
        if (membership is not null && !await grants.Invitations.MayBringBackAsync(invited, membership, ct)) return SignInErrors.MembershipEnded;
        var allowed = await gate.CheckAsync(connection, user, null, invited.Any, ct);
        return allowed.IsOk ? invited : allowed.Error;
    }

    private void Link(Connection connection, ExternalIdentity external, Id<User> user, string why)
    {
        db.UserIdentities.Add(UserIdentity.Link(user, connection, external.Issuer, external.Subject, why, clock.GetUtcNow()));
        events.Record(EventTypes.IdentityLinked, connection.OrganizationId, user.ToString(), new { connectionId = connection.Id, why }, new { subject = external.Subject });
    }

    private async Task JoinAsync(Connection connection, ExternalIdentity external, Id<User> user, Membership? membership, WaitingInvitations invited, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (invited.Any) membership = await JoinInvitedAsync(connection.OrganizationId, user, membership, invited, ct) ?? membership;
        if (membership is null)
        {
            membership = Membership.Join(connection.OrganizationId, user, now);
            var role = await db.DefaultRoleAsync(connection.OrganizationId, connection.DefaultRoleKey, ct);
            membership.Grant(role, RoleSource.Jit, connection.Id.ToString(), now);
            db.Memberships.Add(membership);
            events.Record(EventTypes.MemberJoined, connection.OrganizationId, membership.Id.ToString(), new { userId = user, by = "jit", connectionId = connection.Id });
            await db.JoinDefaultAsync(events, membership, [role], RoleSource.Jit, connection.Id.ToString(), now, ct);
            trace.Add("provisioning", "membership_created", TraceVerdict.Passed, $"default role {role.Key}");
        }
        else
        {
            trace.Add("provisioning", "membership_found", TraceVerdict.Passed, membership.Status.ToString());
        }

        membership.Overlay(external.Name.Display, now);
        await grants.Sso.ApplyAsync(connection, external, membership, ct);
        await TraceRolesAsync(membership, ct);
    }

    /// <summary>The roles of an invitation in place of the connection's own; null when nothing of it could be given.</summary>
    private async Task<Membership?> JoinInvitedAsync(Id<Organization> organization, Id<User> user, Membership? removed, WaitingInvitations invited, CancellationToken ct)
    {
        var membership = removed ?? Membership.Join(organization, user, clock.GetUtcNow());
        if (!await grants.Invitations.ConsumeAsync(invited, membership, "jit", ct)) return null;
        if (removed is not null) await grants.Invitations.BringBackAsync(removed, ct);
        else db.Memberships.Add(membership);
        trace.Add("provisioning", "invitation_accepted", TraceVerdict.Passed, "the roles of the invitation");
        return membership;
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

    private Task<Membership?> MembershipAsync(Connection connection, ExternalIdentity external, Id<User> user, CancellationToken ct)
    {
        var memberships = SsoRoleAssignments.Speaks(connection, external) ? db.Memberships.Include(m => m.Roles) : db.Memberships.AsQueryable();
        return memberships.SingleOrDefaultAsync(m => m.OrganizationId == connection.OrganizationId && m.UserId == user, ct);
    }
}
