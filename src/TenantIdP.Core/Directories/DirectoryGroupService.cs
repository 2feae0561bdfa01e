using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Directories;

/// <summary>What a group is to become.</summary>
public sealed record GroupEdit(GroupFacts Facts, MemberChanges Members);

/// <summary>
/// What a directory does to its groups. Each change takes the organization's lock first, so that nothing of two changes at once is lost, and the roles that the group gives follow in
/// the same transaction. A change of one member costs the same however many there are.
/// </summary>
public sealed class DirectoryGroupService(IdpDbContext db, GroupRoles roles, EventLog events, TimeProvider clock)
{
    private static readonly Dictionary<string, Error> Unique = new()
    {
        ["ux_directory_groups_organization_id_directory_id_name_key"] = GroupErrors.NameTaken,
        ["ux_directory_groups_organization_id_directory_id_external_id"] = GroupErrors.ExternalIdTaken,
    };

    public Task<Result<DirectoryGroup>> CreateAsync(OrganizationDirectory directory, GroupFacts facts, IReadOnlyCollection<string> members, CancellationToken ct) =>
        LockedAsync(
            directory, async tally =>
            {
                if (!await db.HasDirectoryAsync(directory.OrganizationId, directory.Id, ct)) return DirectoryErrors.NotFound;
                var made = DirectoryGroup.Create(directory.OrganizationId, directory.Id, facts, clock.GetUtcNow());
                if (!made.IsOk) return made;
                var group = made.Value;
                var free = await CheckFreeAsync(group, ct);
                if (!free.IsOk) return free.Error;
                db.DirectoryGroups.Add(group);
                events.Record(EventTypes.GroupCreated, group.OrganizationId, group.Id.ToString(), Facts(group));
                var mappings = await KnownAgainAsync(group, ct);
                var saved = await db.TrySaveAsync(Unique, ct);
                if (!saved.IsOk) return saved.Error;
                var changed = await ChangeMembersAsync(group, mappings, new MemberChanges(false, members, []), tally, ct);
                return changed.IsOk ? group : changed.Error;
            }, ct);

    /// <param name="edit">Says what the group is to become from what it is, under the lock; or refuses.</param>
    public Task<Result<DirectoryGroup>> ChangeAsync(OrganizationDirectory directory, Id<DirectoryGroup> id, Func<DirectoryGroup, Result<GroupEdit>> edit, CancellationToken ct) =>
        LockedAsync(
            directory, async tally =>
            {
                var group = await Of(directory).SingleOrDefaultAsync(g => g.Id == id, ct);
                if (group is null) return GroupErrors.NotFound;
                var wanted = edit(group);
                if (!wanted.IsOk) return wanted.Error;
                var before = EventLog.FactsOf(Facts(group));
                var changed = group.Change(wanted.Value.Facts, clock.GetUtcNow());
                if (!changed.IsOk) return changed.Error;
                if (changed.Value)
                {
                    var free = await CheckFreeAsync(group, ct);
                    if (!free.IsOk) return free.Error;
                    events.RecordChange(EventTypes.GroupUpdated, group.OrganizationId, id.ToString(), before, Facts(group));
                }

                if (wanted.Value.Members.IsEmpty) return group;
                var mappings = await MappingsAsync(group, ct);
                var moved = await ChangeMembersAsync(group, mappings, wanted.Value.Members, tally, ct);
                return moved.IsOk ? group : moved.Error;
            }, ct);

    /// <summary>Whoever had roles by the group loses them. A mapping of a group with an external id waits for it; any other ends.</summary>
    /// <param name="may">Refuses, under the lock.</param>
    public async Task<Result> DeleteAsync(OrganizationDirectory directory, Id<DirectoryGroup> id, Func<DirectoryGroup, Result> may, CancellationToken ct)
    {
        var deleted = await LockedAsync(
            directory, async tally =>
            {
                var group = await Of(directory).SingleOrDefaultAsync(g => g.Id == id, ct);
                if (group is null) return GroupErrors.NotFound;
                var allowed = may(group);
                if (!allowed.IsOk) return allowed.Error;
                var mappings = await db.GroupMappings.Where(m => m.OrganizationId == group.OrganizationId && m.GroupId == id).ToListAsync(ct);
                foreach (var mapping in mappings) await roles.TakeBackAsync(tally, mapping, ct);
                await roles.RecordAsync(tally, ct);
                tally.Clear();
                foreach (var mapping in mappings.Where(mapping => !mapping.Detach(group)))
                {
                    db.GroupMappings.Remove(mapping);
                    events.Record(EventTypes.GroupMappingDeleted, group.OrganizationId, mapping.Id.ToString(), new { mapping.DirectoryId, groupId = id, by = "group" });
                }

                await db.SaveChangesAsync(ct); // before what they refer to goes
                db.DirectoryGroups.Remove(group);
                events.Record(EventTypes.GroupDeleted, group.OrganizationId, id.ToString(), Facts(group));
                return group;
            }, ct);
        return deleted.IsOk ? Result.Ok : deleted.Error;
    }

    private Task<Result<DirectoryGroup>> LockedAsync(OrganizationDirectory directory, Func<RoleTally, Task<Result<DirectoryGroup>>> work, CancellationToken ct) =>
        db.InTransactionAsync<DirectoryGroup>(
            async () =>
            {
                if (!await db.LockAsync(directory.OrganizationId, ct)) return OrganizationErrors.NotFound;
                db.EnterOrganization(directory.OrganizationId);
                var tally = new RoleTally();
                var done = await work(tally);
                if (!done.IsOk) return done;
                await roles.RecordAsync(tally, ct);
                var saved = await db.TrySaveAsync(Unique, ct);
                return saved.IsOk ? done : saved.Error;
            }, ct);

    private async Task<Result> ChangeMembersAsync(DirectoryGroup group, IReadOnlyList<GroupMapping> mappings, MemberChanges changes, RoleTally tally, CancellationToken ct)
    {
        var members = new GroupMembers(db, group);
        var applied = await members.ApplyAsync(changes, users => roles.FollowAsync(tally, mappings, users, ct), ct);
        if (!applied.IsOk || !members.AnyChanged) return applied;
        group.MembersChanged(clock.GetUtcNow());
        events.Record(
            EventTypes.GroupMembersChanged, group.OrganizationId, group.Id.ToString(), new { group.DirectoryId, added = members.Added, removed = members.Removed, userIds = members.Few });
        return Result.Ok;
    }

    /// <summary>Asked under the lock: a refusal by the index would end the transaction on PostgreSQL.</summary>
    private async Task<Result> CheckFreeAsync(DirectoryGroup group, CancellationToken ct)
    {
        var (key, externalId) = (group.NameKey, group.ExternalId);
        var others = await db.DirectoryGroups.AsNoTracking()
            .Where(g => g.OrganizationId == group.OrganizationId && g.DirectoryId == group.DirectoryId && g.Id != group.Id && (g.NameKey == key || (externalId != null && g.ExternalId == externalId)))
            .Select(g => g.NameKey).ToListAsync(ct);
        return others.Contains(key) ? GroupErrors.NameTaken : others.Count > 0 ? GroupErrors.ExternalIdTaken : Result.Ok;
    }

    /// <summary>What a group of this directory with the same external id gave, until it was deleted there.</summary>
    private async Task<IReadOnlyList<GroupMapping>> KnownAgainAsync(DirectoryGroup group, CancellationToken ct)
    {
        if (group.ExternalId is not { } externalId) return [];
        var found = await db.GroupMappings
            .Where(m => m.OrganizationId == group.OrganizationId && m.DirectoryId == group.DirectoryId && m.GroupId == null && m.GroupExternalId == externalId).ToListAsync(ct);
        var given = new HashSet<(Id<Roles.Role>, Id<Workspaces.Workspace>?)>();
        foreach (var mapping in found)
        {
            if (!given.Add((mapping.RoleId, mapping.WorkspaceId)))
            {
                db.GroupMappings.Remove(mapping); // two groups had this external id, one after the other
                continue;
            }

            mapping.Attach(group);
            events.Record(EventTypes.GroupMappingResumed, group.OrganizationId, mapping.Id.ToString(), new { group.DirectoryId, groupId = group.Id });
        }

        return [.. found.Where(m => m.GroupId == group.Id)];
    }

    private Task<List<GroupMapping>> MappingsAsync(DirectoryGroup group, CancellationToken ct) =>
        db.GroupMappings.AsNoTracking().Where(m => m.OrganizationId == group.OrganizationId && m.GroupId == group.Id).ToListAsync(ct);

    private IQueryable<DirectoryGroup> Of(OrganizationDirectory directory) => db.DirectoryGroups.Where(g => g.OrganizationId == directory.OrganizationId && g.DirectoryId == directory.Id);

    private static object Facts(DirectoryGroup g) => new { g.DirectoryId, g.DisplayName, g.ExternalId };
}
