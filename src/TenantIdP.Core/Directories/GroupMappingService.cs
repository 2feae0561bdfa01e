using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Directories;

/// <param name="Role">The key of a role of the organization or of the instance.</param>
/// <param name="WorkspaceId">Where the role is given; null: in the organization.</param>
public sealed record NewGroupMapping(Id<DirectoryGroup> GroupId, string Role, Id<Workspace>? WorkspaceId);

/// <summary>A mapping with what people read of it.</summary>
public sealed record GroupMappingView(GroupMapping Mapping, string GroupName, string Role);

/// <summary>Somebody who gains or loses the role.</summary>
public sealed record AffectedMember(Id<Membership> MemberId, Id<Users.User> UserId);

/// <summary>What a mapping, or its end, would mean. Who has the role from elsewhere neither gains nor loses it.</summary>
/// <param name="Members">The first <see cref="MostMembers"/> of them.</param>
public sealed record GroupMappingImpact(int Gains, int Loses, IReadOnlyList<AffectedMember> Members)
{
    public const int MostMembers = 100;
}

/// <summary>
/// Which roles groups give, in the organization that was entered. Nobody makes or ends a mapping of a role with permissions they lack, and none gives Owner: whoever fills the group
/// at the identity provider would fill the organization with owners.
/// </summary>
public sealed class GroupMappingService(IdpDbContext db, GroupRoles roles, EventLog events, TimeProvider clock)
{
    public async Task<Result<Page<GroupMappingView>>> ListAsync(Id<Organization> organization, Id<OrganizationDirectory> directory, Id<DirectoryGroup>? group, PageRequest page, CancellationToken ct)
    {
        if (!await db.HasDirectoryAsync(organization, directory, ct)) return DirectoryErrors.NotFound;
        var mappings = Of(organization, directory).AsNoTracking();
        if (group is { } only) mappings = mappings.Where(m => m.GroupId == only);
        var found = await mappings.PageAsync(page, m => m.Id, ct);
        return found.IsOk ? new Page<GroupMappingView>(await DescribeAsync(found.Value.Items, ct), found.Value.Next) : found.Error;
    }

    public async Task<Result<GroupMappingView>> FindAsync(Id<Organization> organization, Id<OrganizationDirectory> directory, Id<GroupMapping> id, CancellationToken ct)
    {
        if (!await db.HasDirectoryAsync(organization, directory, ct)) return DirectoryErrors.NotFound;
        var mapping = await Of(organization, directory).AsNoTracking().SingleOrDefaultAsync(m => m.Id == id, ct);
        return mapping is null ? GroupErrors.MappingNotFound : (await DescribeAsync([mapping], ct))[0];
    }

    /// <summary>Everybody in the group has the role from now on.</summary>
    public Task<Result<GroupMappingView>> CreateAsync(Id<Organization> organization, Id<OrganizationDirectory> directory, NewGroupMapping wanted, Granter granter, CancellationToken ct) =>
        LockedAsync<GroupMappingView>(
            organization, async () =>
            {
                var judged = await JudgeAsync(organization, directory, wanted, granter, ct);
                if (!judged.IsOk) return judged.Error;
                var (group, role) = judged.Value;
                var mapping = GroupMapping.Create(group, role, wanted.WorkspaceId, clock.GetUtcNow());
                db.GroupMappings.Add(mapping);
                events.Record(EventTypes.GroupMappingCreated, organization, mapping.Id.ToString(), Facts(mapping, role));
                var saved = await db.TrySaveAsync(ct);
                if (!saved.IsOk) return saved.Error;
                var tally = new RoleTally();
                await roles.GiveAsync(tally, mapping, ct);
                await roles.RecordAsync(tally, ct);
                saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? new GroupMappingView(mapping, group.DisplayName, role.Key) : saved.Error;
            }, ct);

    /// <summary>What <see cref="CreateAsync"/> would do, by the same rules; changes nothing.</summary>
    public async Task<Result<GroupMappingImpact>> TryCreateAsync(Id<Organization> organization, Id<OrganizationDirectory> directory, NewGroupMapping wanted, Granter granter, CancellationToken ct)
    {
        var judged = await JudgeAsync(organization, directory, wanted, granter, ct);
        if (!judged.IsOk) return judged.Error;
        var (role, workspace) = (judged.Value.Role.Id, wanted.WorkspaceId);
        var members = InGroup(organization, wanted.GroupId);
        var gaining = workspace is null
            ? members.Where(m => !m.Roles.Any(r => r.RoleId == role))
            : members.Where(m => !db.WorkspaceRoles.Any(r => r.OrganizationId == organization && r.WorkspaceId == workspace && r.MembershipId == m.Id && r.RoleId == role));
        return new GroupMappingImpact(await gaining.CountAsync(ct), 0, await FirstAsync(gaining, ct));
    }

    /// <summary>Whoever has the role by this mapping alone loses it.</summary>
    public async Task<Result> DeleteAsync(Id<Organization> organization, Id<OrganizationDirectory> directory, Id<GroupMapping> id, Granter granter, CancellationToken ct)
    {
        var deleted = await LockedAsync<GroupMapping>(
            organization, async () =>
            {
                var found = await MayDeleteAsync(organization, directory, id, granter, ct);
                if (!found.IsOk) return found.Error;
                var (mapping, role) = found.Value;
                var tally = new RoleTally();
                await roles.TakeBackAsync(tally, mapping, ct);
                await roles.RecordAsync(tally, ct);
                db.GroupMappings.Remove(mapping);
                events.Record(EventTypes.GroupMappingDeleted, organization, id.ToString(), Facts(mapping, role));
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? mapping : saved.Error;
            }, ct);
        return deleted.IsOk ? Result.Ok : deleted.Error;
    }

    /// <summary>What <see cref="DeleteAsync"/> would do, by the same rules; changes nothing.</summary>
    public async Task<Result<GroupMappingImpact>> TryDeleteAsync(Id<Organization> organization, Id<OrganizationDirectory> directory, Id<GroupMapping> id, Granter granter, CancellationToken ct)
    {
        var found = await MayDeleteAsync(organization, directory, id, granter, ct);
        if (!found.IsOk) return found.Error;
        var (role, workspace, source) = (found.Value.Role.Id, found.Value.Mapping.WorkspaceId, found.Value.Mapping.SourceId);
        var members = db.Memberships.Where(m => m.OrganizationId == organization);
        var losing = workspace is null
            ? members.Where(m => m.Roles.Any(r => r.Source == RoleSource.ScimGroup && r.SourceId == source) && !m.Roles.Any(r => r.RoleId == role && r.SourceId != source))
            : members.Where(m =>
                db.WorkspaceRoles.Any(r => r.OrganizationId == organization && r.WorkspaceId == workspace && r.MembershipId == m.Id && r.Source == RoleSource.ScimGroup && r.SourceId == source)
                && !db.WorkspaceRoles.Any(r => r.OrganizationId == organization && r.WorkspaceId == workspace && r.MembershipId == m.Id && r.RoleId == role && r.SourceId != source));
        return new GroupMappingImpact(0, await losing.CountAsync(ct), await FirstAsync(losing, ct));
    }

    /// <summary>Another role takes the place of one that ends, in what groups give as with whoever holds it. The caller has moved the holders, and judged the right to give it.</summary>
    internal static async Task<int> GiveInsteadAsync(IdpDbContext db, EventLog events, Id<Organization> organization, Role role, Role other, CancellationToken ct)
    {
        var giving = await db.GroupMappings.Where(m => m.OrganizationId == organization && m.RoleId == role.Id).ToListAsync(ct);
        foreach (var mapping in giving)
        {
            events.Record(EventTypes.GroupMappingDeleted, organization, mapping.Id.ToString(), Facts(mapping, role));
            var twin = db.GroupMappings.Where(m => m.OrganizationId == organization && m.DirectoryId == mapping.DirectoryId && m.RoleId == other.Id && m.WorkspaceId == mapping.WorkspaceId
                && m.GroupId == mapping.GroupId && m.GroupExternalId == mapping.GroupExternalId);
            if (await twin.AnyAsync(ct))
            {
                // The group gives the other role already: who is in it keeps that one.
                var source = mapping.SourceId;
                await db.MembershipRoles.Where(r => r.OrganizationId == organization && r.Source == RoleSource.ScimGroup && r.SourceId == source).ExecuteDeleteAsync(ct);
                await db.WorkspaceRoles.Where(r => r.OrganizationId == organization && r.Source == RoleSource.ScimGroup && r.SourceId == source).ExecuteDeleteAsync(ct);
                db.GroupMappings.Remove(mapping);
                continue;
            }

            mapping.GiveInstead(other);
            events.Record(EventTypes.GroupMappingCreated, organization, mapping.Id.ToString(), Facts(mapping, other));
        }

        return giving.Count;
    }

    private async Task<Result<(DirectoryGroup Group, Role Role)>> JudgeAsync(
        Id<Organization> organization, Id<OrganizationDirectory> directory, NewGroupMapping wanted, Granter granter, CancellationToken ct)
    {
        if (!await db.HasDirectoryAsync(organization, directory, ct)) return DirectoryErrors.NotFound;
        var group = await db.DirectoryGroups.AsNoTracking().SingleOrDefaultAsync(g => g.OrganizationId == organization && g.DirectoryId == directory && g.Id == wanted.GroupId, ct);
        if (group is null) return GroupErrors.NotFound with { Kind = ErrorKind.Invalid, Field = "groupId" };
        if (wanted.Role == BuiltInRoles.Owner) return GroupErrors.OwnerMapped;
        if ((await db.RolesAsync(organization, [wanted.Role], ct)).GetValueOrDefault(wanted.Role) is not { } role) return RoleErrors.Unknown with { Field = "role" };
        if (wanted.WorkspaceId is { } workspace && !await db.Workspaces.AnyAsync(w => w.OrganizationId == organization && w.Id == workspace, ct))
            return WorkspaceErrors.NotFound with { Kind = ErrorKind.Invalid, Field = "workspaceId" };
        if (!await granter.CoversAsync(db, [role], ct)) return RoleErrors.Escalation;

        var there = Of(organization, directory);
        if (await there.AnyAsync(m => m.GroupId == group.Id && m.RoleId == role.Id && m.WorkspaceId == wanted.WorkspaceId, ct)) return GroupErrors.MappingExists;
        return await there.CountAsync(ct) < GroupMapping.MaxPerDirectory ? (group, role) : GroupErrors.MappingLimit;
    }

    private async Task<Result<(GroupMapping Mapping, Role Role)>> MayDeleteAsync(
        Id<Organization> organization, Id<OrganizationDirectory> directory, Id<GroupMapping> id, Granter granter, CancellationToken ct)
    {
        if (!await db.HasDirectoryAsync(organization, directory, ct)) return DirectoryErrors.NotFound;
        var mapping = await Of(organization, directory).SingleOrDefaultAsync(m => m.Id == id, ct);
        if (mapping is null) return GroupErrors.MappingNotFound;
        var role = await db.Roles.AsNoTracking().SingleAsync(r => r.Id == mapping.RoleId, ct);
        return await granter.CoversAsync(db, [role], ct) ? (mapping, role) : RoleErrors.Escalation;
    }

    private Task<Result<T>> LockedAsync<T>(Id<Organization> organization, Func<Task<Result<T>>> work, CancellationToken ct) where T : notnull =>
        db.InTransactionAsync(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                db.EnterOrganization(organization);
                return await work();
            }, ct);

    private IQueryable<GroupMapping> Of(Id<Organization> organization, Id<OrganizationDirectory> directory) =>
        db.GroupMappings.Where(m => m.OrganizationId == organization && m.DirectoryId == directory);

    private IQueryable<Membership> InGroup(Id<Organization> organization, Id<DirectoryGroup> id)
    {
        var users = from g in db.DirectoryGroupMembers
                    where g.OrganizationId == organization && g.GroupId == id
                    join u in db.DirectoryUsers on g.DirectoryUserId equals u.Id
                    where u.OrganizationId == organization && u.DeletedAt == null
                    select u.MembershipId;
        return db.Memberships.Where(m => m.OrganizationId == organization && m.Status != MembershipStatus.Removed && users.Contains(m.Id));
    }

    private static Task<List<AffectedMember>> FirstAsync(IQueryable<Membership> members, CancellationToken ct) =>
        members.AsNoTracking().OrderBy(m => m.Id).Take(GroupMappingImpact.MostMembers).Select(m => new AffectedMember(m.Id, m.UserId)).ToListAsync(ct);

    private async Task<List<GroupMappingView>> DescribeAsync(IReadOnlyList<GroupMapping> mappings, CancellationToken ct)
    {
        var (groupIds, roleIds) = (mappings.Select(m => m.GroupId).OfType<Id<DirectoryGroup>>().Distinct().ToArray(), mappings.Select(m => m.RoleId).Distinct().ToArray());
        var names = await db.DirectoryGroups.AsNoTracking().Where(g => groupIds.Contains(g.Id)).ToDictionaryAsync(g => g.Id, g => g.DisplayName, ct);
        var keys = await db.Roles.AsNoTracking().Where(r => roleIds.Contains(r.Id)).ToDictionaryAsync(r => r.Id, r => r.Key, ct);
        // Read one after the other: a role may have been replaced meanwhile.
        return [.. mappings.Where(m => keys.ContainsKey(m.RoleId)).Select(m => new GroupMappingView(m, m.GroupId is { } id && names.TryGetValue(id, out var name) ? name : m.GroupName, keys[m.RoleId]))];
    }

    private static object Facts(GroupMapping mapping, Role role) => new { mapping.DirectoryId, mapping.GroupId, role = role.Key, mapping.WorkspaceId };
}
