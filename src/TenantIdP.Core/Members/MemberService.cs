using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Members;

/// <summary>
/// The members of the organization that was entered. Every change takes the organization's lock first, so that its rules (never without an owner, nobody gives more than they
/// have) are judged on facts that stay true until the commit.
/// </summary>
public sealed class MemberService(IdpDbContext db, MemberList list, JoinRules joins, GroupRoles groupRoles, EventLog events, IGrantRevoker grants, TimeProvider clock)
{
    private static readonly Dictionary<string, Error> Unique = new() { ["ux_memberships_organization_id_user_id"] = MemberErrors.AlreadyMember };

    /// <summary>Adds a known user without asking them, which only the instance may; brings back one who was removed.</summary>
    /// <param name="roleKeys">Empty gives the role member.</param>
    public Task<Result<Member>> AddAsync(Id<Organization> organization, Id<User> userId, IReadOnlyCollection<string> roleKeys, Granter granter, CancellationToken ct) =>
        AddAsync(organization, userId, roleKeys, pending: false, granter, ct);

    /// <param name="roleKeys">Empty gives the role member.</param>
    /// <param name="pending">They are in the list and permitted nothing until <see cref="ActivateAsync"/>.</param>
    public Task<Result<Member>> AddAsync(Id<Organization> organization, Id<User> userId, IReadOnlyCollection<string> roleKeys, bool pending, Granter granter, CancellationToken ct) =>
        LockedAsync(
            organization, async () =>
            {
                var membership = await db.Memberships.Include(m => m.Roles).SingleOrDefaultAsync(m => m.OrganizationId == organization && m.UserId == userId, ct);
                if (membership is { Status: MembershipStatus.Active or MembershipStatus.Pending }) return MemberErrors.AlreadyMember;
                if (membership is { Status: MembershipStatus.Deactivated }) return MemberErrors.Ended;
                if (membership is null && !granter.IsInstance) return MemberErrors.InvitationRequired;
                // Locked, so that an account which is merged or erased in this moment is not joined to anything.
                if (!await db.LockAsync(userId, ct) || !await db.Users.AnyAsync(u => u.Id == userId && u.Status == UserStatus.Active, ct)) return UserErrors.NotFound with { Kind = ErrorKind.Invalid, Field = "userId" };

                var roles = await RolesAsync(organization, roleKeys.Count == 0 ? [BuiltInRoles.Member] : roleKeys, ct);
                if (!roles.IsOk) return roles.Error;
                if (!await granter.CoversAsync(db, roles.Value, ct)) return RoleErrors.Escalation;
                if (roles.Value.Count > joins.MaxRoles) return MemberErrors.TooManyRoles;
                var allowed = await joins.CheckAsync(organization, userId, ct);
                if (!allowed.IsOk) return allowed.Error;

                var (now, isBack) = (clock.GetUtcNow(), membership is not null);
                if (membership is null) db.Memberships.Add(membership = pending ? Membership.Await(organization, userId, now) : Membership.Join(organization, userId, now));
                else
                {
                    if (pending) membership.AwaitAgain(now);
                    else membership.Reactivate(now);
                    await db.RevokeKeysAsync(events, organization, userId, ct); // those that a removal has left
                }

                foreach (var role in roles.Value) membership.Grant(role, RoleSource.Api, "", now);
                if (!pending && roles.Value.Any(IsOwner)) await db.FindOwnerAsync(organization, now, ct);
                events.Record(EventTypes.MemberJoined, organization, membership.Id.ToString(), new { userId, by = "api", roles = roles.Value.Select(r => r.Key), status = pending ? membership.Status : (MembershipStatus?)null });
                // The default workspace comes with the role member: from somebody who may give it.
                if (granter.IsInstance || (await RoleAsync(organization, BuiltInRoles.Member, ct) is { } plain && await granter.CoversAsync(db, [plain], ct)))
                    await db.JoinDefaultAsync(events, membership, roles.Value, RoleSource.Api, "", now, ct);
                if (!isBack) return membership;
                var saved = await db.TrySaveAsync(Unique, ct);
                if (!saved.IsOk) return saved.Error;
                await groupRoles.ReturnAsync(organization, membership.Id, ct); // the directory may have them in its groups still
                return membership;
            }, ct);

    /// <summary>Adds the user who has verified the address. For the instance only: whether there is such a person is no organization's to know.</summary>
    public async Task<Result<Member>> AddByEmailAsync(Id<Organization> organization, string email, IReadOnlyCollection<string> roleKeys, bool pending, Granter granter, CancellationToken ct)
    {
        if (!granter.IsInstance) return MemberErrors.InvitationRequired;
        if (!EmailAddress.TryParse(email, out var address)) return UserErrors.EmailInvalid;
        var user = await db.UserEmails.Where(e => e.Normalized == address.Normalized && e.VerifiedAt != null).Select(e => (Id<User>?)e.UserId).SingleOrDefaultAsync(ct);
        return user is { } known ? await AddAsync(organization, known, roleKeys, pending, granter, ct) : UserErrors.NotFound with { Kind = ErrorKind.Invalid, Field = "email" };
    }

    public Task<Result<Member>> GrantRoleAsync(Id<Organization> organization, Id<Membership> id, string roleKey, Granter granter, CancellationToken ct) =>
        ChangeAsync(
            organization, id, async membership =>
            {
                if (membership.Status is not (MembershipStatus.Active or MembershipStatus.Pending)) return MemberErrors.Ended;
                var role = await GivenAsync(organization, roleKey, ct);
                if (role is null) return RoleErrors.NotFound;
                if (!await granter.CoversAsync(db, [role], ct)) return RoleErrors.Escalation;
                if (await IsManagedAsync(membership, role, isGrant: true, ct)) return MemberErrors.ManagedByDirectory;
                if (membership.Roles.All(r => r.RoleId != role.Id) && membership.Roles.Select(r => r.RoleId).Distinct().Count() >= joins.MaxRoles) return MemberErrors.TooManyRoles;
                var before = await HeldAsync(membership, ct);
                if (membership.Status == MembershipStatus.Active && IsOwner(role)) await db.FindOwnerAsync(organization, clock.GetUtcNow(), ct);
                if (membership.Grant(role, RoleSource.Api, "", clock.GetUtcNow()))
                    RecordRoles(EventTypes.MemberRoleGranted, membership, role, before, before.Append(role));
                return Result.Ok;
            }, ct);

    public Task<Result<Member>> RevokeRoleAsync(Id<Organization> organization, Id<Membership> id, string roleKey, Granter granter, CancellationToken ct) =>
        ChangeAsync(
            organization, id, async membership =>
            {
                var role = await RoleAsync(organization, roleKey, ct);
                if (role is null) return RoleErrors.NotFound;
                var held = membership.Roles.Where(r => r.RoleId == role.Id).ToList();
                if (held.Count == 0) return MemberErrors.RoleNotHeld;
                if (held.Any(r => !RoleSources.Ours.Contains(r.Source))) return MemberErrors.RoleManagedElsewhere;
                if (!await granter.CoversAsync(db, [role], ct)) return RoleErrors.Escalation;
                if (await IsManagedAsync(membership, role, isGrant: false, ct)) return MemberErrors.ManagedByDirectory;
                if (IsOwner(role) && await IsLastOwnerAsync(membership, ct)) return MemberErrors.LastOwner;
                var before = await HeldAsync(membership, ct);
                foreach (var source in RoleSources.Ours) membership.Revoke(role.Id, source, clock.GetUtcNow());
                RecordRoles(EventTypes.MemberRoleRevoked, membership, role, before, before.Where(r => r.Id != role.Id));
                return Result.Ok;
            }, ct);

    /// <summary>Makes another member an owner, in one step with the end of the caller's own ownership.</summary>
    /// <param name="from">The person who asks; whether they own the organization is read under its lock.</param>
    /// <param name="keepOwner">The caller stays an owner, too.</param>
    /// <returns>The new owner.</returns>
    public Task<Result<Member>> TransferOwnershipAsync(Id<Organization> organization, Id<User> from, Id<Membership> to, bool keepOwner, CancellationToken ct) =>
        ChangeAsync(
            organization, to, async membership =>
            {
                var owner = await RoleAsync(organization, BuiltInRoles.Owner, ct);
                var mine = await db.Memberships.Include(m => m.Roles).SingleOrDefaultAsync(m => m.OrganizationId == organization && m.UserId == from && m.Status == MembershipStatus.Active, ct);
                if (owner is null || mine is null || !mine.Roles.Any(r => r.RoleId == owner.Id)) return MemberErrors.OwnerRequired;
                if (mine.Id == membership.Id) return MemberErrors.TransferToSelf;
                if (membership.Status != MembershipStatus.Active || !await db.Users.AnyAsync(u => u.Id == membership.UserId && u.Status == UserStatus.Active, ct)) return MemberErrors.TransferTargetInactive;
                if (!keepOwner && mine.Roles.Any(r => r.RoleId == owner.Id && !RoleSources.Ours.Contains(r.Source))) return MemberErrors.RoleManagedElsewhere;

                if (await IsManagedAsync(membership, owner, isGrant: true, ct) || (!keepOwner && await IsManagedAsync(mine, owner, isGrant: false, ct))) return MemberErrors.ManagedByDirectory;
                var now = clock.GetUtcNow();
                if (membership.Grant(owner, RoleSource.Api, "", now)) events.Record(EventTypes.MemberRoleGranted, organization, to.ToString(), new { userId = membership.UserId, role = owner.Key, source = RoleSource.Api });
                if (!keepOwner)
                {
                    foreach (var source in RoleSources.Ours) mine.Revoke(owner.Id, source, now);
                    events.Record(EventTypes.MemberRoleRevoked, organization, mine.Id.ToString(), new { userId = from, role = owner.Key });
                    if (mine.Roles.Count == 0 && await RoleAsync(organization, BuiltInRoles.Member, ct) is { } member) mine.Grant(member, RoleSource.Api, "", now);
                }

                events.Record(EventTypes.OwnershipTransferred, organization, organization.ToString(), new { from = mine.Id, to, keptOwner = keepOwner });
                return Result.Ok;
            }, ct);

    /// <summary>From now on the membership permits what its roles do. Whoever activates it gives them, so they need the right to give each of them.</summary>
    public Task<Result<Member>> ActivateAsync(Id<Organization> organization, Id<Membership> id, Granter granter, CancellationToken ct) =>
        ChangeAsync(
            organization, id, async membership =>
            {
                if (membership.Status != MembershipStatus.Pending) return MemberErrors.NotPending;
                var held = await AllHeldAsync(membership, ct);
                if (!await granter.CoversAsync(db, held, ct)) return RoleErrors.Escalation;
                membership.Activate(clock.GetUtcNow());
                if (held.Any(IsOwner)) await db.FindOwnerAsync(organization, clock.GetUtcNow(), ct);
                events.Record(EventTypes.MemberActivated, organization, id.ToString(), new { userId = membership.UserId });
                return Result.Ok;
            }, ct);

    /// <summary>Ends the member's grants in this organization at once; the roles are kept for <see cref="ReactivateAsync"/>.</summary>
    public Task<Result<Member>> DeactivateAsync(Id<Organization> organization, Id<Membership> id, Granter granter, CancellationToken ct) =>
        ChangeAsync(
            organization, id, async membership =>
            {
                if (membership.Status == MembershipStatus.Deactivated) return Result.Ok;
                var allowed = await MayEndAsync(membership, granter, ct);
                if (!allowed.IsOk) return allowed;
                if (membership.Status == MembershipStatus.Pending) await db.TakeBackInvitationsAsync(events, membership, clock.GetUtcNow(), ct);
                membership.Deactivate(clock.GetUtcNow());
                events.Record(EventTypes.MemberDeactivated, organization, id.ToString(), new { userId = membership.UserId });
                await grants.EndMembershipAsync(organization, membership.UserId, ct);
                return Result.Ok;
            }, ct);

    public Task<Result<Member>> ReactivateAsync(Id<Organization> organization, Id<Membership> id, Granter granter, CancellationToken ct) =>
        ChangeAsync(
            organization, id, async membership =>
            {
                if (membership.Status != MembershipStatus.Deactivated) return MemberErrors.NotEnded;
                var held = await AllHeldAsync(membership, ct);
                if (!await granter.CoversAsync(db, held, ct)) return RoleErrors.Escalation;
                await db.LockAsync(membership.UserId, ct);
                var allowed = await joins.CheckAsync(organization, membership.UserId, ct);
                if (!allowed.IsOk) return allowed;
                membership.Reactivate(clock.GetUtcNow());
                if (held.Any(IsOwner)) await db.FindOwnerAsync(organization, clock.GetUtcNow(), ct);
                events.Record(EventTypes.MemberReactivated, organization, id.ToString(), new { userId = membership.UserId });
                return Result.Ok;
            }, ct);

    /// <summary>Removes the member with all roles, ends their grants and revokes the keys they made. Remembered: nothing automatic brings them back.</summary>
    public async Task<Result> RemoveAsync(Id<Organization> organization, Id<Membership> id, Granter granter, CancellationToken ct)
    {
        var removed = await ChangeAsync(
            organization, id, async membership =>
            {
                var allowed = await MayEndAsync(membership, granter, ct);
                if (!allowed.IsOk) return allowed;
                if (membership.Status == MembershipStatus.Pending) await db.TakeBackInvitationsAsync(events, membership, clock.GetUtcNow(), ct);
                membership.Remove(clock.GetUtcNow());
                await db.LeaveWorkspacesAsync(membership, ct);
                await db.RevokeKeysAsync(events, organization, membership.UserId, ct);
                events.Record(EventTypes.MemberRemoved, organization, id.ToString(), new { userId = membership.UserId });
                await grants.EndMembershipAsync(organization, membership.UserId, ct);
                return Result.Ok;
            }, ct);
        return removed.IsOk ? Result.Ok : removed.Error;
    }

    private Task<Result<Member>> ChangeAsync(Id<Organization> organization, Id<Membership> id, Func<Membership, Task<Result>> change, CancellationToken ct) =>
        LockedAsync(
            organization, async () =>
            {
                var membership = await db.Memberships.Include(m => m.Roles).SingleOrDefaultAsync(m => m.OrganizationId == organization && m.Id == id && m.Status != MembershipStatus.Removed, ct);
                if (membership is null) return MemberErrors.NotFound;
                var changed = await change(membership);
                return changed.IsOk ? membership : changed.Error;
            }, ct);

    private Task<Result<Member>> LockedAsync(Id<Organization> organization, Func<Task<Result<Membership>>> work, CancellationToken ct) =>
        db.InTransactionAsync<Member>(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                db.EnterOrganization(organization);
                var changed = await work();
                if (!changed.IsOk) return changed.Error;
                var saved = await db.TrySaveAsync(Unique, ct);
                return saved.IsOk ? (await list.DescribeAsync([changed.Value], ct))[0] : saved.Error;
            }, ct);

    /// <summary>Whether the directory alone decides about the roles of this member. An organization without an owner can still be given one: by hand, as a last resort.</summary>
    private async Task<bool> IsManagedAsync(Membership membership, Role role, bool isGrant, CancellationToken ct)
    {
        if (!membership.HasDirectoryRoles || !await db.Organizations.AnyAsync(o => o.Id == membership.OrganizationId && o.DirectoryAuthoritative, ct)) return false;
        return !(isGrant && IsOwner(role) && await IsLastOwnerAsync(membership, ct));
    }

    private void RecordRoles(string type, Membership membership, Role role, IEnumerable<Role> before, IEnumerable<Role> after)
    {
        events.RecordChange(type, membership.OrganizationId, membership.Id.ToString(), EventLog.FactsOf(Facts(before)), Facts(after));
        object Facts(IEnumerable<Role> roles) => new { membership.UserId, role = role.Key, source = RoleSource.Api, roles = roles.Select(r => r.Key).Distinct().Order(StringComparer.Ordinal) };
    }

    /// <summary>Ending a membership takes its roles away, so it needs the right to take each of them.</summary>
    private async Task<Result> MayEndAsync(Membership membership, Granter granter, CancellationToken ct)
    {
        var held = await AllHeldAsync(membership, ct);
        if (!await granter.CoversAsync(db, held, ct)) return RoleErrors.Escalation;
        return membership.Status == MembershipStatus.Active && held.Any(IsOwner) && await IsLastOwnerAsync(membership, ct) ? MemberErrors.LastOwner : Result.Ok;
    }

    private async Task<bool> IsLastOwnerAsync(Membership membership, CancellationToken ct) => !await db.HasAnotherOwnerAsync(membership.OrganizationId, membership.UserId, ct);

    private static bool IsOwner(Role role) => role is { IsBuiltIn: true, Key: BuiltInRoles.Owner };

    private Task<List<Role>> HeldAsync(Membership membership, CancellationToken ct) => RolesAsync(membership.Roles.Select(r => r.RoleId), ct);

    /// <summary>Those in workspaces too, which end and come back with the membership.</summary>
    private async Task<List<Role>> AllHeldAsync(Membership membership, CancellationToken ct)
    {
        var inside = await db.WorkspaceRoles.Where(r => r.OrganizationId == membership.OrganizationId && r.MembershipId == membership.Id).Select(r => r.RoleId).ToListAsync(ct);
        return await RolesAsync(membership.Roles.Select(r => r.RoleId).Concat(inside), ct);
    }

    private Task<List<Role>> RolesAsync(IEnumerable<Id<Role>> among, CancellationToken ct)
    {
        var ids = among.Distinct().ToArray();
        return db.Roles.AsNoTracking().Where(r => ids.Contains(r.Id)).ToListAsync(ct);
    }

    /// <summary>A role that may be given here; one that is only to be taken may be any.</summary>
    private async Task<Role?> GivenAsync(Id<Organization> organization, string key, CancellationToken ct) => (await db.RolesAsync(organization, [key], ct)).GetValueOrDefault(key);

    private Task<Role?> RoleAsync(Id<Organization> organization, string key, CancellationToken ct) =>
        db.Roles.AsNoTracking().Where(r => r.Key == key && (r.OrganizationId == organization || r.OrganizationId == Organization.Instance))
            .OrderBy(r => r.OrganizationId == organization ? 0 : 1).FirstOrDefaultAsync(ct);

    private async Task<Result<List<Role>>> RolesAsync(Id<Organization> organization, IReadOnlyCollection<string> keys, CancellationToken ct)
    {
        var wanted = keys.Distinct(StringComparer.Ordinal).ToList();
        var roles = await db.RolesAsync(organization, wanted, ct);
        return wanted.All(roles.ContainsKey) ? wanted.Select(key => roles[key]).ToList() : RoleErrors.Unknown;
    }
}
