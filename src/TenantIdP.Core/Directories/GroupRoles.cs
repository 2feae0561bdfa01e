using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Directories;

/// <summary>
/// Makes the roles of source <c>scim_group</c> what the groups and their mappings say, in the caller's transaction, scope and lock of the organization. Roles of other sources are
/// not touched. Works in chunks of people, so that a group of any size is bounded in memory; who left the organization has no roles to follow.
/// </summary>
public sealed class GroupRoles(IdpDbContext db, EventLog events, TimeProvider clock)
{
    private sealed record Person(Id<DirectoryUser> DirectoryUser, Id<Membership> Membership, Id<User> User);

    /// <summary>What the users of a chunk lost or gained in these groups.</summary>
    internal async Task FollowAsync(RoleTally tally, IReadOnlyCollection<GroupMapping> mappings, IReadOnlyList<Id<DirectoryUser>> users, CancellationToken ct)
    {
        if (mappings.Count == 0) return;
        foreach (var some in users.Chunk(GroupMembers.Chunk)) await FollowAsync(tally, mappings, some, ct);
    }

    /// <summary>A mapping is new, or has its group again: everybody in the group gains its role.</summary>
    internal async Task GiveAsync(RoleTally tally, GroupMapping mapping, CancellationToken ct)
    {
        if (mapping.GroupId is not { } group) return;
        for (var after = default(Id<DirectoryUser>); ;)
        {
            var page = await db.DirectoryGroupMembers.Where(m => m.OrganizationId == mapping.OrganizationId && m.GroupId == group && m.DirectoryUserId > after)
                .OrderBy(m => m.DirectoryUserId).Select(m => m.DirectoryUserId).Take(GroupMembers.Chunk).ToArrayAsync(ct);
            if (page.Length == 0) return;
            await FollowAsync(tally, [mapping], page, ct);
            after = page[^1];
        }
    }

    /// <summary>The mapping or its group ends: everybody who has the role by it loses it.</summary>
    internal async Task TakeBackAsync(RoleTally tally, GroupMapping mapping, CancellationToken ct)
    {
        var (organization, source, now) = (mapping.OrganizationId, mapping.SourceId, clock.GetUtcNow());
        var inside = mapping.WorkspaceId is not null;
        var held = inside
            ? db.WorkspaceRoles.Where(r => r.OrganizationId == organization && r.Source == RoleSource.ScimGroup && r.SourceId == source).Select(r => r.MembershipId)
            : db.MembershipRoles.Where(r => r.OrganizationId == organization && r.Source == RoleSource.ScimGroup && r.SourceId == source).Select(r => r.MembershipId);
        while (true)
        {
            var page = await (from id in held.OrderBy(id => id).Take(GroupMembers.Chunk) join m in db.Memberships on id equals m.Id where m.OrganizationId == organization select new { m.Id, m.UserId }).ToListAsync(ct);
            if (page.Count == 0) return;
            var ids = page.ConvertAll(m => m.Id);
            if (inside) await LeaveAsync(mapping, ids, now, ct);
            else
            {
                await db.MembershipRoles.Where(r => r.OrganizationId == organization && r.Source == RoleSource.ScimGroup && r.SourceId == source && ids.Contains(r.MembershipId)).ExecuteDeleteAsync(ct);
                await TouchAsync(organization, ids, now, ct);
            }

            foreach (var member in page) tally.Revoked(mapping, member.Id, member.UserId);
        }
    }

    /// <summary>A membership counts again, or for the first time: it has what the groups of its user give.</summary>
    public async Task ReturnAsync(Id<Organization> organization, Id<Membership> membership, CancellationToken ct)
    {
        var users = await db.DirectoryUsers.Where(u => u.OrganizationId == organization && u.MembershipId == membership && u.DeletedAt == null).Select(u => u.Id).ToArrayAsync(ct);
        if (users.Length == 0) return;
        var mappings = await db.GroupMappings.AsNoTracking()
            .Where(m => m.OrganizationId == organization && db.DirectoryGroupMembers.Any(g => g.OrganizationId == organization && g.GroupId == m.GroupId && users.Contains(g.DirectoryUserId))).ToListAsync(ct);
        if (mappings.Count == 0) return;
        var tally = new RoleTally();
        await FollowAsync(tally, mappings, users, ct);
        await RecordAsync(tally, ct);
    }

    /// <summary>Adds the events of what was counted; saves nothing.</summary>
    internal async Task RecordAsync(RoleTally tally, CancellationToken ct)
    {
        if (tally.IsEmpty) return;
        var ids = tally.Mappings.Select(m => m.RoleId).Distinct().ToArray();
        var keys = await db.Roles.AsNoTracking().Where(r => ids.Contains(r.Id)).ToDictionaryAsync(r => r.Id, r => r.Key, ct);
        tally.Record(events, keys);
    }

    private async Task FollowAsync(RoleTally tally, IReadOnlyCollection<GroupMapping> mappings, Id<DirectoryUser>[] users, CancellationToken ct)
    {
        var organization = mappings.First().OrganizationId;
        var groups = mappings.Select(m => m.GroupId).OfType<Id<DirectoryGroup>>().Distinct().ToArray();
        var people = await (
            from u in db.DirectoryUsers
            where u.OrganizationId == organization && users.Contains(u.Id)
            from m in db.Memberships.Where(m => m.OrganizationId == organization && m.Id == u.MembershipId && m.Status != MembershipStatus.Removed)
            select new Person(u.Id, m.Id, m.UserId)).AsNoTracking().ToListAsync(ct);
        if (people.Count == 0) return;
        var inside = (await db.DirectoryGroupMembers.Where(m => m.OrganizationId == organization && groups.Contains(m.GroupId) && users.Contains(m.DirectoryUserId))
            .Select(m => new { m.GroupId, m.DirectoryUserId }).ToListAsync(ct)).Select(m => (m.GroupId, m.DirectoryUserId)).ToHashSet();

        bool Has(GroupMapping mapping, Person person) => mapping.GroupId is { } group && inside.Contains((group, person.DirectoryUser));
        if (mappings.Where(m => m.WorkspaceId is null).ToList() is { Count: > 0 } roles) await FollowInOrganizationAsync(tally, roles, people, Has, ct);
        if (mappings.Where(m => m.WorkspaceId is not null).ToList() is { Count: > 0 } others) await FollowInWorkspacesAsync(tally, others, people, Has, ct);
    }

    private async Task FollowInOrganizationAsync(RoleTally tally, List<GroupMapping> mappings, List<Person> people, Func<GroupMapping, Person, bool> has, CancellationToken ct)
    {
        var (organization, now) = (mappings[0].OrganizationId, clock.GetUtcNow());
        var (ids, sources) = (people.Select(p => p.Membership).ToArray(), mappings.Select(m => m.SourceId).ToArray());
        var rows = await db.MembershipRoles.AsNoTracking().Where(r => r.OrganizationId == organization && r.Source == RoleSource.ScimGroup && sources.Contains(r.SourceId) && ids.Contains(r.MembershipId)).ToListAsync(ct);
        var held = rows.Select(r => (r.MembershipId, r.SourceId)).ToHashSet();
        var gained = new List<MembershipRole>();
        var touched = new HashSet<Id<Membership>>();
        foreach (var mapping in mappings)
        {
            var lost = new List<Id<Membership>>();
            foreach (var person in people)
            {
                var (should, does) = (has(mapping, person), held.Contains((person.Membership, mapping.SourceId)));
                if (should == does) continue;
                touched.Add(person.Membership);
                if (should)
                {
                    gained.Add(new MembershipRole(organization, person.Membership, mapping.RoleOrganizationId, mapping.RoleId, RoleSource.ScimGroup, mapping.SourceId, now));
                    tally.Granted(mapping, person.Membership, person.User);
                }
                else
                {
                    lost.Add(person.Membership);
                    tally.Revoked(mapping, person.Membership, person.User);
                }
            }

            var source = mapping.SourceId;
            if (lost.Count > 0) await db.MembershipRoles.Where(r => r.OrganizationId == organization && r.Source == RoleSource.ScimGroup && r.SourceId == source && lost.Contains(r.MembershipId)).ExecuteDeleteAsync(ct);
        }

        if (touched.Count == 0) return;
        db.MembershipRoles.AddRange(gained);
        await db.SaveChangesAsync(ct);
        // Memory is that of one chunk. What hangs on a membership that is in hand would be found there again, as if it were new.
        var inHand = db.Memberships.Local.Select(m => m.Id).ToHashSet();
        foreach (var row in gained.Where(r => !inHand.Contains(r.MembershipId))) db.Entry(row).State = EntityState.Detached;
        await TouchAsync(organization, [.. touched], now, ct);
    }

    private async Task FollowInWorkspacesAsync(RoleTally tally, List<GroupMapping> mappings, List<Person> people, Func<GroupMapping, Person, bool> has, CancellationToken ct)
    {
        var (organization, now) = (mappings[0].OrganizationId, clock.GetUtcNow());
        var (ids, workspaces) = (people.Select(p => p.Membership).ToArray(), mappings.Select(m => m.WorkspaceId).OfType<Id<Workspace>>().Distinct().ToArray());
        var members = (await db.WorkspaceMembers.Include(m => m.Roles).Where(m => m.OrganizationId == organization && workspaces.Contains(m.WorkspaceId) && ids.Contains(m.MembershipId)).ToListAsync(ct))
            .ToDictionary(m => (m.WorkspaceId, m.MembershipId));
        foreach (var mapping in mappings)
        {
            var workspace = mapping.WorkspaceId!.Value; // of a workspace each
            foreach (var person in people)
            {
                var member = members.GetValueOrDefault((workspace, person.Membership));
                var (should, does) = (has(mapping, person), member?.Holds(RoleSource.ScimGroup, mapping.SourceId) == true);
                if (should == does) continue;
                if (should)
                {
                    if (member is null) db.WorkspaceMembers.Add(members[(workspace, person.Membership)] = member = WorkspaceMember.Join(organization, workspace, person.Membership, now));
                    member.Grant(mapping.RoleOrganizationId, mapping.RoleId, RoleSource.ScimGroup, mapping.SourceId, now);
                    tally.Granted(mapping, person.Membership, person.User);
                }
                else
                {
                    member!.Revoke(RoleSource.ScimGroup, mapping.SourceId, now); // holds it
                    tally.Revoked(mapping, person.Membership, person.User);
                }
            }
        }

        // Who was in the workspace by the directory alone is not in it any more.
        foreach (var member in members.Values.Where(m => m.Roles.Count == 0)) db.WorkspaceMembers.Remove(member);
        await db.SaveChangesAsync(ct);
        foreach (var member in members.Values)
        {
            db.Entry(member).State = EntityState.Detached; // before its roles, which it would find again
            foreach (var role in member.Roles) db.Entry(role).State = EntityState.Detached;
        }
    }

    private async Task LeaveAsync(GroupMapping mapping, List<Id<Membership>> ids, DateTimeOffset now, CancellationToken ct)
    {
        var (organization, workspace, source) = (mapping.OrganizationId, mapping.WorkspaceId, mapping.SourceId);
        var members = db.WorkspaceMembers.Where(m => m.OrganizationId == organization && m.WorkspaceId == workspace && ids.Contains(m.MembershipId));
        await db.WorkspaceRoles.Where(r => r.OrganizationId == organization && r.WorkspaceId == workspace && r.Source == RoleSource.ScimGroup && r.SourceId == source && ids.Contains(r.MembershipId)).ExecuteDeleteAsync(ct);
        await members.Where(m => !m.Roles.Any()).ExecuteDeleteAsync(ct);
        await members.ExecuteUpdateAsync(set => set.SetProperty(m => m.Version, m => m.Version + 1).SetProperty(m => m.UpdatedAt, now), ct);
    }

    /// <summary>The members' versions say that something changed, also to whoever has read one and is about to write it.</summary>
    private async Task TouchAsync(Id<Organization> organization, List<Id<Membership>> ids, DateTimeOffset now, CancellationToken ct)
    {
        // What this unit of work has in hand would be refused at its next save if its row had another version.
        var mine = db.Memberships.Local.Where(m => m.OrganizationId == organization && ids.Contains(m.Id)).ToList();
        foreach (var membership in mine) membership.Touch(now);
        var others = mine.Count == 0 ? ids : ids.Except(mine.Select(m => m.Id)).ToList();
        if (others.Count > 0)
            await db.Memberships.Where(m => m.OrganizationId == organization && others.Contains(m.Id)).ExecuteUpdateAsync(set => set.SetProperty(m => m.Version, m => m.Version + 1).SetProperty(m => m.UpdatedAt, now), ct);
    }
}
