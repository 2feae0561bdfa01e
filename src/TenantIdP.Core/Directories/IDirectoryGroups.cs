using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Directories;

/// <summary>A group, as a user shows it.</summary>
/// <param name="Id">The group's id as text.</param>
public sealed record DirectoryGroupOfUser(Id<DirectoryUser> User, string Id, string DisplayName);

/// <summary>What users have to know of groups: which ones they are in. Asked for many users at once, never for each.</summary>
public interface IDirectoryGroups
{
    /// <summary>The users in a group of the directory, to be part of a statement; nobody where there is no such group.</summary>
    IQueryable<Id<DirectoryUser>> UsersOf(OrganizationDirectory directory, string groupId);

    Task<IReadOnlyList<DirectoryGroupOfUser>> OfUsersAsync(OrganizationDirectory directory, IReadOnlyCollection<Id<DirectoryUser>> users, CancellationToken ct);
}
