using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Directories;

/// <summary>
/// Counts who gained and lost a role by one change of a group or a mapping. Up to <see cref="MostEvents"/> are told one by one, like any other role; beyond that one event of each
/// mapping has the numbers.
/// </summary>
internal sealed class RoleTally
{
    public const int MostEvents = 500;

    private readonly record struct One(GroupMapping Mapping, Id<Membership> Membership, Id<User> User, bool Gained);

    private sealed class Counts
    {
        public int Granted { get; set; }
        public int Revoked { get; set; }
    }

    private readonly List<One> single = [];
    private readonly Dictionary<GroupMapping, Counts> counts = [];
    private int total;

    public bool IsEmpty => total == 0;

    public IEnumerable<GroupMapping> Mappings => counts.Keys;

    /// <summary>What there was is told.</summary>
    public void Clear()
    {
        single.Clear();
        counts.Clear();
        total = 0;
    }

    public void Granted(GroupMapping mapping, Id<Membership> membership, Id<User> user) => Count(new One(mapping, membership, user, true)).Granted++;

    public void Revoked(GroupMapping mapping, Id<Membership> membership, Id<User> user) => Count(new One(mapping, membership, user, false)).Revoked++;

    public void Record(EventLog events, IReadOnlyDictionary<Id<Role>, string> keys)
    {
        if (total <= MostEvents)
        {
            foreach (var one in single) Record(events, one, keys[one.Mapping.RoleId]);
            return;
        }

        foreach (var (mapping, count) in counts)
        {
            events.Record(
                EventTypes.GroupMappingApplied, mapping.OrganizationId, mapping.Id.ToString(),
                new { mapping.DirectoryId, mapping.GroupId, role = keys[mapping.RoleId], mapping.WorkspaceId, granted = count.Granted, revoked = count.Revoked });
        }
    }

    private static void Record(EventLog events, One one, string role) => events.Record(
        one.Gained ? EventTypes.MemberRoleGranted : EventTypes.MemberRoleRevoked, one.Mapping.OrganizationId, one.Membership.ToString(),
        new { userId = one.User, role, source = RoleSource.ScimGroup, workspaceId = one.Mapping.WorkspaceId, groupId = one.Mapping.GroupId, mappingId = one.Mapping.Id });

    private Counts Count(One one)
    {
        if (!counts.TryGetValue(one.Mapping, out var count)) counts[one.Mapping] = count = new Counts();
        total++;
        if (total <= MostEvents) single.Add(one);
        return count;
    }
}
