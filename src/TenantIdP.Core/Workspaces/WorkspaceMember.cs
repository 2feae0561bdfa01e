using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Workspaces;

/// <summary>A member of the organization in one of its workspaces. Counts only while the membership is active; a removal from the organization deletes it.</summary>
public sealed class WorkspaceMember : IOrganizationOwned, IVersioned
{
    private readonly List<WorkspaceRole> roles = [];

    private WorkspaceMember(Id<Organization> organizationId, Id<Workspace> workspaceId, Id<Membership> membershipId, DateTimeOffset createdAt) =>
        (OrganizationId, WorkspaceId, MembershipId, CreatedAt, UpdatedAt) = (organizationId, workspaceId, membershipId, createdAt, createdAt);

    public Id<Organization> OrganizationId { get; private set; }
    public Id<Workspace> WorkspaceId { get; private set; }
    public Id<Membership> MembershipId { get; private set; }
    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }
    public int Version { get; private set; }

    public IReadOnlyList<WorkspaceRole> Roles => roles;

    public static WorkspaceMember Join(Id<Workspace> workspace, Membership membership, DateTimeOffset now) => Join(membership.OrganizationId, workspace, membership.Id, now);

    internal static WorkspaceMember Join(Id<Organization> organization, Id<Workspace> workspace, Id<Membership> membership, DateTimeOffset now) => new(organization, workspace, membership, now);

    /// <summary>Gives a role once per source. Returns false when this source had given it already.</summary>
    public bool Grant(Role role, RoleSource source, string sourceId, DateTimeOffset now) => Grant(role.OrganizationId, role.Id, source, sourceId, now);

    internal bool Grant(Id<Organization> roleOrganization, Id<Role> role, RoleSource source, string sourceId, DateTimeOffset now) =>
        Add(new WorkspaceRole(OrganizationId, WorkspaceId, MembershipId, roleOrganization, role, source, sourceId, now), now);

    internal bool Holds(RoleSource source, string sourceId) => roles.Any(r => r.Source == source && r.SourceId == sourceId);

    /// <summary>Takes back what one giver gave; the same roles from others stay.</summary>
    internal void Revoke(RoleSource source, string sourceId, DateTimeOffset now)
    {
        if (roles.RemoveAll(r => r.Source == source && r.SourceId == sourceId) > 0) UpdatedAt = now;
    }

    public bool Revoke(Id<Role> role, IReadOnlyCollection<RoleSource> sources, DateTimeOffset now)
    {
        if (roles.RemoveAll(r => r.RoleId == role && sources.Contains(r.Source)) == 0) return false;
        UpdatedAt = now;
        return true;
    }

    /// <summary>Takes over what another membership of the same person holds in this workspace, each role with its source.</summary>
    internal void Absorb(WorkspaceMember other, DateTimeOffset now)
    {
        foreach (var role in other.roles) Add(new WorkspaceRole(OrganizationId, WorkspaceId, MembershipId, role.RoleOrganizationId, role.RoleId, role.Source, role.SourceId, role.AssignedAt), now);
    }

    private bool Add(WorkspaceRole role, DateTimeOffset now)
    {
        if (roles.Any(r => r.RoleId == role.RoleId && r.Source == role.Source && r.SourceId == role.SourceId)) return false;
        roles.Add(role);
        UpdatedAt = now;
        return true;
    }
}

/// <summary>One role of one member in one workspace, from one source. <see cref="RoleOrganizationId"/> is the role's owner: this organization or the instance.</summary>
public sealed class WorkspaceRole : IOrganizationOwned
{
    internal WorkspaceRole(
        Id<Organization> organizationId, Id<Workspace> workspaceId, Id<Membership> membershipId, Id<Organization> roleOrganizationId, Id<Role> roleId, RoleSource source, string sourceId, DateTimeOffset assignedAt) =>
        (OrganizationId, WorkspaceId, MembershipId, RoleOrganizationId, RoleId, Source, SourceId, AssignedAt) = (organizationId, workspaceId, membershipId, roleOrganizationId, roleId, source, sourceId, assignedAt);

    public Id<Organization> OrganizationId { get; private set; }
    public Id<Workspace> WorkspaceId { get; private set; }
    public Id<Membership> MembershipId { get; private set; }
    public Id<Organization> RoleOrganizationId { get; private set; }
    public Id<Role> RoleId { get; private set; }
    public RoleSource Source { get; private set; }

    /// <summary>The id of what gave the role (a connection, a directory's group); empty for manual and API.</summary>
    public string SourceId { get; private set; }

    public DateTimeOffset AssignedAt { get; private set; }
}
