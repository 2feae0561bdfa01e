using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Directories;

/// <summary>
/// Whoever is in a group has a role: in the organization, or in one of its workspaces. A group may give any number of roles and a role come from any number of groups. Found by the
/// group's id, never by its name; when the directory deletes the group, its external id is remembered, so that the same group pushed again finds what it gave.
/// </summary>
public sealed class GroupMapping : IHasIdPrefix, IOrganizationOwned
{
    public const int MaxPerDirectory = 500;

    private GroupMapping(
        Id<Organization> organizationId, Id<GroupMapping> id, Id<OrganizationDirectory> directoryId, Id<DirectoryGroup>? groupId, string groupName, Id<Organization> roleOrganizationId, Id<Role> roleId,
        Id<Workspace>? workspaceId, DateTimeOffset createdAt) =>
        (OrganizationId, Id, DirectoryId, GroupId, GroupName, RoleOrganizationId, RoleId, WorkspaceId, CreatedAt) =
        (organizationId, id, directoryId, groupId, groupName, roleOrganizationId, roleId, workspaceId, createdAt);

    public static string IdPrefix => "gmp";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<GroupMapping> Id { get; private set; }
    public Id<OrganizationDirectory> DirectoryId { get; private set; }

    /// <summary>Null while the directory has no such group: it gives nothing.</summary>
    public Id<DirectoryGroup>? GroupId { get; private set; }

    /// <summary>Of a group that was deleted, by which it is known again.</summary>
    public string? GroupExternalId { get; private set; }

    /// <summary>The group's name when the mapping was made or the group was deleted, for people to read.</summary>
    public string GroupName { get; private set; }

    /// <summary>The role's owner: this organization or the instance.</summary>
    public Id<Organization> RoleOrganizationId { get; private set; }

    public Id<Role> RoleId { get; private set; }

    /// <summary>Null: a role of the organization.</summary>
    public Id<Workspace>? WorkspaceId { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>What the roles that it gives have as their source, and no others; as <see cref="OrganizationDirectory.SourceOf"/> makes it.</summary>
    public string SourceId => $"{DirectoryId}/{Id}";

    internal static GroupMapping Create(DirectoryGroup group, Role role, Id<Workspace>? workspace, DateTimeOffset now) =>
        new(group.OrganizationId, Id<GroupMapping>.New(now), group.DirectoryId, group.Id, group.DisplayName, role.OrganizationId, role.Id, workspace, now);

    internal void GiveInstead(Role other) => (RoleOrganizationId, RoleId) = (other.OrganizationId, other.Id);

    /// <summary>The directory has deleted the group.</summary>
    /// <returns>False when nothing would prove that another group is the same: the mapping has to end.</returns>
    internal bool Detach(DirectoryGroup group)
    {
        (GroupId, GroupExternalId, GroupName) = (null, group.ExternalId, group.DisplayName);
        return group.ExternalId is not null;
    }

    /// <summary>A new group of the same directory has the external id of the one that was deleted.</summary>
    internal void Attach(DirectoryGroup group) => (GroupId, GroupExternalId, GroupName) = (group.Id, null, group.DisplayName);
}
