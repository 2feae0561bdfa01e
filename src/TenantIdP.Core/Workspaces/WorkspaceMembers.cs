using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Workspaces;

/// <summary>Somebody in a workspace, with their membership of the organization: it counts only while that is active.</summary>
public sealed record WorkspaceMemberView(WorkspaceMember Member, Membership Membership, IReadOnlyList<MemberRole> Roles);

/// <summary>A workspace of one member, with their roles there.</summary>
public sealed record MemberWorkspace(Workspace Workspace, IReadOnlyList<MemberRole> Roles);

/// <summary>
/// Who is in which workspace of the organization that was entered. Changes take the organization's lock, so that nobody is added who is removed in this moment, and nobody
/// gives or takes a role whose permissions they lack.
/// </summary>
public sealed class WorkspaceMembers(IdpDbContext db, EventLog events, TimeProvider clock)
{
    /// <summary>Puts a member into the workspace with exactly these roles, beside those that an identity provider or a directory gives.</summary>
    public Task<Result<WorkspaceMemberView>> PutAsync(
        Id<Organization> organization, Id<Workspace> workspaceId, Id<Membership> memberId, IReadOnlyCollection<string> roleKeys, Granter granter, int? expectedVersion, CancellationToken ct) =>
        LockedAsync(
            organization, workspaceId, memberId, async (workspace, membership, member) =>
            {
                if (workspace.Status != WorkspaceStatus.Active) return WorkspaceErrors.Archived;
                if (membership.Status is not (MembershipStatus.Active or MembershipStatus.Pending)) return MemberErrors.Ended;
                var seen = member is null ? expectedVersion is null ? Result.Ok : VersionErrors.Mismatch : VersionErrors.Check(member, expectedVersion);
                if (!seen.IsOk) return seen.Error;
                var found = await RolesAsync(organization, roleKeys, ct);
                if (!found.IsOk) return found.Error;
                var wanted = found.Value;
                var before = member is null ? [] : await HeldAsync(member, ct);
                var changed = wanted.ExceptBy(before.Select(r => r.Id), r => r.Id).Concat(before.ExceptBy(wanted.Select(r => r.Id), r => r.Id)).ToList();
                if (member is not null && changed.Any(r => member.Roles.Any(held => held.RoleId == r.Id && !RoleSources.Ours.Contains(held.Source)))) return MemberErrors.RoleManagedElsewhere;
                if (!await granter.CoversAsync(db, changed, ct)) return RoleErrors.Escalation;
                if (member is not null && changed.Count == 0) return member;

                var (now, isNew) = (clock.GetUtcNow(), member is null);
                if (member is null) db.WorkspaceMembers.Add(member = WorkspaceMember.Join(workspaceId, membership, now));
                foreach (var role in changed)
                {
                    if (wanted.Any(w => w.Id == role.Id)) member.Grant(role, RoleSource.Api, "", now);
                    else member.Revoke(role.Id, RoleSources.Ours, now);
                }

                events.RecordChange(isNew ? EventTypes.WorkspaceMemberAdded : EventTypes.WorkspaceMemberUpdated, organization, workspaceId.ToString(), EventLog.FactsOf(Facts(membership, before)), Facts(membership, wanted));
                return member;
            }, ct);

    public async Task<Result> RemoveAsync(Id<Organization> organization, Id<Workspace> workspaceId, Id<Membership> memberId, Granter granter, CancellationToken ct)
    {
        var removed = await LockedAsync(
            organization, workspaceId, memberId, async (_, membership, member) =>
            {
                if (member is null) return WorkspaceErrors.MemberNotFound;
                if (member.Roles.Any(r => !RoleSources.Ours.Contains(r.Source))) return MemberErrors.RoleManagedElsewhere;
                var held = await HeldAsync(member, ct);
                if (!await granter.CoversAsync(db, held, ct)) return RoleErrors.Escalation;
                db.WorkspaceMembers.Remove(member);
                events.Record(EventTypes.WorkspaceMemberRemoved, organization, workspaceId.ToString(), Facts(membership, held));
                return member;
            }, ct);
        return removed.IsOk ? Result.Ok : removed.Error;
    }

    public async Task<Result<WorkspaceMemberView>> FindAsync(Id<Organization> organization, Id<Workspace> workspaceId, Id<Membership> memberId, CancellationToken ct)
    {
        if (!await ExistsAsync(organization, workspaceId, ct)) return WorkspaceErrors.NotFound;
        var found = await In(organization, workspaceId).SingleOrDefaultAsync(m => m.MembershipId == memberId, ct);
        return found is null ? WorkspaceErrors.MemberNotFound : (await DescribeAsync(organization, [found], ct))[0];
    }

    /// <summary>Those of ended memberships too, who are back when their membership is.</summary>
    public async Task<Result<Page<WorkspaceMemberView>>> ListAsync(Id<Organization> organization, Id<Workspace> workspaceId, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<Membership>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        if (!await ExistsAsync(organization, workspaceId, ct)) return WorkspaceErrors.NotFound;
        var members = In(organization, workspaceId);
        if (after is { } id) members = members.Where(m => m.MembershipId > id);
        var found = await members.OrderBy(m => m.MembershipId).TakePageAsync(page, m => m.MembershipId.ToString(), ct);
        return new Page<WorkspaceMemberView>(await DescribeAsync(organization, found.Items, ct), found.Next);
    }

    /// <summary>The workspaces of one member, archived ones too.</summary>
    public async Task<Result<Page<MemberWorkspace>>> OfMemberAsync(Id<Organization> organization, Id<Membership> memberId, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<Workspace>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        if (!await db.Memberships.AnyAsync(m => m.OrganizationId == organization && m.Id == memberId && m.Status != MembershipStatus.Removed, ct)) return MemberErrors.NotFound;
        var members = db.WorkspaceMembers.AsNoTracking().Include(m => m.Roles).Where(m => m.OrganizationId == organization && m.MembershipId == memberId);
        if (after is { } id) members = members.Where(m => m.WorkspaceId > id);
        var found = await members.OrderBy(m => m.WorkspaceId).TakePageAsync(page, m => m.WorkspaceId.ToString(), ct);
        var ids = found.Items.Select(m => m.WorkspaceId).ToArray();
        var workspaces = await db.Workspaces.AsNoTracking().Where(w => w.OrganizationId == organization && ids.Contains(w.Id)).ToDictionaryAsync(w => w.Id, ct);
        var keys = await KeysAsync(found.Items, ct);
        return new Page<MemberWorkspace>([.. found.Items.Where(m => workspaces.ContainsKey(m.WorkspaceId)).Select(m => new MemberWorkspace(workspaces[m.WorkspaceId], RolesOf(m, keys)))], found.Next);
    }

    private Task<Result<WorkspaceMemberView>> LockedAsync(
        Id<Organization> organization, Id<Workspace> workspaceId, Id<Membership> memberId, Func<Workspace, Membership, WorkspaceMember?, Task<Result<WorkspaceMember>>> work, CancellationToken ct) =>
        db.InTransactionAsync<WorkspaceMemberView>(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                db.EnterOrganization(organization);
                var workspace = await db.Workspaces.AsNoTracking().SingleOrDefaultAsync(w => w.OrganizationId == organization && w.Id == workspaceId, ct);
                if (workspace is null) return WorkspaceErrors.NotFound;
                var membership = await db.Memberships.AsNoTracking().SingleOrDefaultAsync(m => m.OrganizationId == organization && m.Id == memberId && m.Status != MembershipStatus.Removed, ct);
                if (membership is null) return MemberErrors.NotFound;
                var member = await db.WorkspaceMembers.Include(m => m.Roles).SingleOrDefaultAsync(m => m.OrganizationId == organization && m.WorkspaceId == workspaceId && m.MembershipId == memberId, ct);
                var changed = await work(workspace, membership, member);
                if (!changed.IsOk) return changed.Error;
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? new WorkspaceMemberView(changed.Value, membership, RolesOf(changed.Value, await KeysAsync([changed.Value], ct))) : saved.Error;
            }, ct);

    private IQueryable<WorkspaceMember> In(Id<Organization> organization, Id<Workspace> workspaceId) =>
        db.WorkspaceMembers.AsNoTracking().Include(m => m.Roles).Where(m => m.OrganizationId == organization && m.WorkspaceId == workspaceId);

    private Task<bool> ExistsAsync(Id<Organization> organization, Id<Workspace> id, CancellationToken ct) => db.Workspaces.AnyAsync(w => w.OrganizationId == organization && w.Id == id, ct);

    private async Task<Result<List<Role>>> RolesAsync(Id<Organization> organization, IReadOnlyCollection<string> keys, CancellationToken ct)
    {
        var wanted = (keys.Count == 0 ? [BuiltInRoles.Member] : keys).Distinct(StringComparer.Ordinal).ToArray();
        if (wanted.Contains(BuiltInRoles.Owner)) return WorkspaceErrors.OwnerRole;

        var roles = await db.RolesAsync(organization, wanted, ct);
        return roles.Count == wanted.Length ? roles.Values.ToList() : RoleErrors.Unknown;
    }

    private Task<List<Role>> HeldAsync(WorkspaceMember member, CancellationToken ct)
    {
        var ids = member.Roles.Select(r => r.RoleId).Distinct().ToArray();
        return db.Roles.AsNoTracking().Where(r => ids.Contains(r.Id)).ToListAsync(ct);
    }

    private static object Facts(Membership membership, IEnumerable<Role> roles) =>
        new { memberId = membership.Id, userId = membership.UserId, roles = roles.Select(r => r.Key).Distinct().Order(StringComparer.Ordinal) };

    private async Task<List<WorkspaceMemberView>> DescribeAsync(Id<Organization> organization, IReadOnlyList<WorkspaceMember> members, CancellationToken ct)
    {
        var ids = members.Select(m => m.MembershipId).ToArray();
        var memberships = await db.Memberships.AsNoTracking().Where(m => m.OrganizationId == organization && ids.Contains(m.Id)).ToDictionaryAsync(m => m.Id, ct);
        var keys = await KeysAsync(members, ct);
        return [.. members.Where(m => memberships.ContainsKey(m.MembershipId)).Select(m => new WorkspaceMemberView(m, memberships[m.MembershipId], RolesOf(m, keys)))];
    }

    private Task<Dictionary<Id<Role>, string>> KeysAsync(IReadOnlyList<WorkspaceMember> members, CancellationToken ct)
    {
        var ids = members.SelectMany(m => m.Roles).Select(r => r.RoleId).Distinct().ToArray();
        return db.Roles.AsNoTracking().Where(r => ids.Contains(r.Id)).ToDictionaryAsync(r => r.Id, r => r.Key, ct);
    }

    private static IReadOnlyList<MemberRole> RolesOf(WorkspaceMember member, Dictionary<Id<Role>, string> keys) =>
        [.. member.Roles.Select(r => MemberRole.Of(keys[r.RoleId], r.Source, byDirectory: false)).OrderBy(r => r.Key, StringComparer.Ordinal).ThenBy(r => r.Source)];
}
