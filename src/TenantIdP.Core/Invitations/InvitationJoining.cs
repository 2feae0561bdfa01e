using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Invitations;

/// <summary>What of an invitation there still is: roles that were deleted and workspaces that were archived since are not given.</summary>
public sealed record InvitationTerms(IReadOnlyList<Role> Roles, IReadOnlyList<(Id<Workspace> Id, IReadOnlyList<Role> Roles)> Workspaces, Granter Granter)
{
    public IReadOnlyList<Role> AllRoles => [.. Roles, .. Workspaces.SelectMany(w => w.Roles)];
}

/// <summary>
/// Makes an invitation a membership: in the caller's transaction, in the scope and under the lock of the organization, so that what is judged here stays true until the commit.
/// </summary>
public sealed class InvitationJoining(IdpDbContext db, JoinRules joins, AwaitedMembers awaited, EventLog events, TimeProvider clock)
{
    private static readonly InvitationTerms Nothing = new([], [], Granter.Holding([]));

    /// <summary>
    /// What is given, if the inviter could still give it: nobody who has left, or lost a role, goes on handing it out by links that they made before (SECURITY.md C10). An operator's
    /// app needs nobody behind it, and a directory gives nothing but the membership that waits.
    /// </summary>
    public async Task<Result<InvitationTerms>> TermsAsync(Invitation invitation, CancellationToken ct)
    {
        if (invitation.IsOfDirectory) return Id<OrganizationDirectory>.TryParse(invitation.InviterId, out var directory) && await db.HasDirectoryAsync(invitation.OrganizationId, directory, ct) ? Nothing : InvitationErrors.Revoked;
        var terms = await RolesAsync(invitation, ct);
        if (terms.Roles.Count == 0 || terms.Roles.Count > joins.MaxRoles || await GranterAsync(invitation, ct) is not { } granter || !await granter.CoversAsync(db, terms.AllRoles, ct)) return InvitationErrors.Revoked;
        return terms with { Granter = granter };
    }

    /// <summary>The same without asking whose word it is.</summary>
    public async Task<InvitationTerms> RolesAsync(Invitation invitation, CancellationToken ct)
    {
        var organization = invitation.OrganizationId;
        var ids = invitation.Roles.Concat(invitation.Workspaces.SelectMany(w => w.Roles)).Distinct().ToArray();
        var roles = await db.Roles.AsNoTracking().Where(r => ids.Contains(r.Id) && (r.OrganizationId == organization || r.OrganizationId == Organization.Instance)).InSetOf(db, organization).ToListAsync(ct);
        var places = invitation.Workspaces.Select(w => w.WorkspaceId).ToArray();
        var open = places.Length == 0 ? [] : await db.Workspaces.Where(w => w.OrganizationId == organization && places.Contains(w.Id) && w.Status == WorkspaceStatus.Active).Select(w => w.Id).ToListAsync(ct);
        return new InvitationTerms(Of(invitation.Roles), [.. invitation.Workspaces.Where(w => open.Contains(w.WorkspaceId)).Select(w => (w.WorkspaceId, Of(w.Roles))).Where(w => w.Item2.Count > 0)], Granter.Holding([]));

        IReadOnlyList<Role> Of(IReadOnlyList<Id<Role>> wanted) => [.. roles.Where(r => wanted.Contains(r.Id))];
    }

    /// <summary>The person is in, with everything that was offered, and the invitation is used up. The caller saves.</summary>
    /// <param name="by">How it came about, for the log: <c>link</c>, <c>approval</c>.</param>
    public async Task<Result<Membership>> JoinAsync(Invitation invitation, InvitationTerms terms, Id<User> user, string by, CancellationToken ct)
    {
        var organization = invitation.OrganizationId;
        if (!await db.LockAsync(user, ct) || !await db.Users.AnyAsync(u => u.Id == user && u.Status == UserStatus.Active, ct)) return InvitationErrors.AccountUnavailable;
        var membership = await db.Memberships.Include(m => m.Roles).SingleOrDefaultAsync(m => m.OrganizationId == organization && m.UserId == user, ct);
        if (membership is { Status: MembershipStatus.Removed } && (!invitation.BringsBack(membership) || await db.IsDeletedByDirectoryAsync(membership, ct))) return MemberErrors.Ended;
        if (membership is { Status: MembershipStatus.Deactivated }) return MemberErrors.Ended; // its directory or an admin brings it back
        var taken = await awaited.TakeAsync(invitation, membership, user, ct);
        if (!taken.IsOk) return taken.Error;
        if (!taken.Value && invitation.IsOfDirectory) return InvitationErrors.Revoked; // the directory, or somebody in the organization, has ended it
        if (taken.Value) membership = await db.Memberships.Include(m => m.Roles).SingleAsync(m => m.OrganizationId == organization && m.UserId == user, ct);
        if (membership is not { Status: MembershipStatus.Active or MembershipStatus.Pending })
        {
            var allowed = await joins.CheckAsync(organization, user, ct);
            if (!allowed.IsOk) return allowed.Error;
        }

        var now = clock.GetUtcNow();
        if (membership is null) db.Memberships.Add(membership = Membership.Join(organization, user, now));
        else if (membership.Status == MembershipStatus.Removed)
        {
            membership.Reactivate(now);
            await db.RevokeKeysAsync(events, organization, user, ct); // those that a removal has left
        }

        var given = await GiveAsync(invitation, terms, membership, by, ct);
        if (!given.IsOk) return given.Error;
        if (taken.Value && await awaited.FollowGroupsAsync(membership, ct) is { IsOk: false, Error: { } late }) return late;
        return membership;
    }

    /// <summary>Gives what was offered to a membership that stands or was just made, and ends the invitation.</summary>
    internal async Task<Result> GiveAsync(Invitation invitation, InvitationTerms terms, Membership membership, string by, CancellationToken ct)
    {
        var (organization, now, source) = (invitation.OrganizationId, clock.GetUtcNow(), invitation.Id.ToString());
        var isNew = membership.Roles.Count == 0;
        // Where a directory decides about somebody's roles, an old link does not.
        if (!membership.HasDirectoryRoles || !await db.Organizations.AnyAsync(o => o.Id == organization && o.DirectoryAuthoritative, ct))
        {
            if (membership.Roles.Select(r => r.RoleId).Union(terms.Roles.Select(r => r.Id)).Count() > joins.MaxRoles) return MemberErrors.TooManyRoles;
            foreach (var role in terms.Roles) membership.Grant(role, RoleSource.Invitation, source, now);
            if (isNew) events.Record(EventTypes.MemberJoined, organization, membership.Id.ToString(), new { userId = membership.UserId, by = "invitation", invitationId = invitation.Id, roles = terms.Roles.Select(r => r.Key) });
            else foreach (var role in terms.Roles) events.Record(EventTypes.MemberRoleGranted, organization, membership.Id.ToString(), new { userId = membership.UserId, role = role.Key, source = RoleSource.Invitation, invitationId = invitation.Id });
            await EnterWorkspacesAsync(terms, membership, isNew, source, ct);
        }

        invitation.Accept(membership.UserId, membership.Id, now);
        events.Record(EventTypes.InvitationAccepted, organization, invitation.Id.ToString(), new { userId = membership.UserId, memberId = membership.Id, by });
        return Result.Ok;
    }

    private async Task EnterWorkspacesAsync(InvitationTerms terms, Membership membership, bool isNew, string source, CancellationToken ct)
    {
        var (organization, now) = (membership.OrganizationId, clock.GetUtcNow());
        // As where somebody is added: the default workspace comes with the role member, from somebody who may give it.
        if (isNew && await db.FindDefaultAsync(organization, ct) is { } found && terms.Workspaces.All(w => w.Id != found.Id) && await terms.Granter.CoversAsync(db, [found.Role], ct))
            db.JoinDefault(events, membership, terms.Roles, RoleSource.Invitation, source, found, now);
        var inside = await db.WorkspaceMembers.Include(m => m.Roles).Where(m => m.OrganizationId == organization && m.MembershipId == membership.Id).ToListAsync(ct);
        foreach (var (id, roles) in terms.Workspaces)
        {
            var member = inside.Find(m => m.WorkspaceId == id);
            var type = member is null ? EventTypes.WorkspaceMemberAdded : EventTypes.WorkspaceMemberUpdated;
            if (member is null) db.WorkspaceMembers.Add(member = WorkspaceMember.Join(id, membership, now));
            foreach (var role in roles) member.Grant(role, RoleSource.Invitation, source, now);
            events.Record(type, organization, id.ToString(), new { memberId = membership.Id, userId = membership.UserId, roles = roles.Select(r => r.Key), by = "invitation" });
        }
    }

    /// <summary>Null when whoever invited has nothing to give any more.</summary>
    private async Task<Granter?> GranterAsync(Invitation invitation, CancellationToken ct)
    {
        var (organization, inviter) = (invitation.OrganizationId, invitation.Inviter);
        if (inviter.IsInstance) return Granter.Instance;
        switch (inviter.Kind)
        {
            case ActorKind.User when inviter.User is { } user:
                return await HeldAsync(organization, user, ct) is { Count: > 0 } roles ? Granter.Holding(roles) : null;
            case ActorKind.Key when Id<ApiKey>.TryParse(inviter.Id, out var id):
                var key = await db.ApiKeys.AsNoTracking().SingleOrDefaultAsync(k => k.OrganizationId == organization && k.Id == id, ct);
                if (key is null || (key.ExpiresAt is { } end && end <= clock.GetUtcNow())) return null;
                // Never more than its maker may do at this moment.
                return Granter.Holding([new HeldRole("", key.CreatedBy is { } maker ? [.. key.Permissions.Intersect((await HeldAsync(organization, maker, ct)).SelectMany(r => r.Permissions))] : key.Permissions)]);
            case ActorKind.App when Id<Apps.App>.TryParse(inviter.Id, out var app):
                var grant = await db.AppGrants.AsNoTracking().SingleOrDefaultAsync(g => g.OrganizationId == organization && g.AppId == app, ct);
                return grant is null ? null : Granter.Holding([new HeldRole("", grant.Permissions)]);
            default:
                return null;
        }
    }

    /// <summary>Of an active member with an active account; otherwise none.</summary>
    private async Task<IReadOnlyList<HeldRole>> HeldAsync(Id<Organization> organization, Id<User> user, CancellationToken ct)
    {
        var held = await (
            from m in db.Memberships
            where m.OrganizationId == organization && m.UserId == user && m.Status == MembershipStatus.Active
            join u in db.Users on m.UserId equals u.Id
            where u.Status == UserStatus.Active
            join h in db.MembershipRoles on new { m.OrganizationId, MembershipId = m.Id } equals new { h.OrganizationId, h.MembershipId }
            join r in db.Roles on new { A = h.RoleOrganizationId, B = h.RoleId } equals new { A = r.OrganizationId, B = r.Id }
            select new { r.Key, r.Permissions, r.BuiltInBase }).AsNoTracking().ToListAsync(ct);
        return [.. held.Select(r => new HeldRole(r.Key, r.Permissions, r.BuiltInBase))];
    }
}
