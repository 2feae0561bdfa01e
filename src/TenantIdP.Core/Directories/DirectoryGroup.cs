using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Directories;

/// <summary>What a directory says of a group, without its members.</summary>
public sealed record GroupFacts(string DisplayName, string? ExternalId);

/// <summary>
/// A group of people as one directory names it (RFC 7643 4.2). Who is in it stands in rows of their own, so that one more costs the same however many there are.
/// </summary>
public sealed class DirectoryGroup : IHasIdPrefix, IOrganizationOwned, IVersioned
{
    /// <summary>Characters; the longest name of a vendor is 256.</summary>
    public const int MaxName = 500;

    /// <summary>Characters.</summary>
    public const int MaxExternalId = 500;

    private DirectoryGroup(Id<Organization> organizationId, Id<DirectoryGroup> id, Id<OrganizationDirectory> directoryId, string displayName, DateTimeOffset createdAt) =>
        (OrganizationId, Id, DirectoryId, DisplayName, NameKey, CreatedAt, UpdatedAt) = (organizationId, id, directoryId, displayName, DirectoryKey.Of(displayName), createdAt, createdAt);

    public static string IdPrefix => "grp";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<DirectoryGroup> Id { get; private set; }
    public Id<OrganizationDirectory> DirectoryId { get; private set; }

    /// <summary>Unique in the directory, whatever the case.</summary>
    public string DisplayName { get; private set; }

    /// <summary><see cref="DirectoryKey"/> of the name.</summary>
    public string NameKey { get; private set; }

    /// <summary>The directory's own id of it; unique in the directory where there is one.</summary>
    public string? ExternalId { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>Of the group or of who is in it.</summary>
    public DateTimeOffset UpdatedAt { get; private set; }

    public int Version { get; private set; }

    internal static Result<DirectoryGroup> Create(Id<Organization> organization, Id<OrganizationDirectory> directory, GroupFacts facts, DateTimeOffset now)
    {
        var group = new DirectoryGroup(organization, Id<DirectoryGroup>.New(now), directory, facts.DisplayName, now);
        var changed = group.Change(facts, now);
        return changed.IsOk ? group : changed.Error;
    }

    /// <returns>Whether anything is another than before.</returns>
    internal Result<bool> Change(GroupFacts facts, DateTimeOffset now)
    {
        if (string.IsNullOrWhiteSpace(facts.DisplayName) || facts.DisplayName.Length > MaxName) return GroupErrors.NameInvalid;
        if (facts.ExternalId is { Length: 0 or > MaxExternalId }) return GroupErrors.ExternalIdInvalid;
        if (facts.DisplayName == DisplayName && facts.ExternalId == ExternalId) return false;
        (DisplayName, NameKey, ExternalId, UpdatedAt) = (facts.DisplayName, DirectoryKey.Of(facts.DisplayName), facts.ExternalId, now);
        return true;
    }

    /// <summary>Somebody came or went.</summary>
    internal void MembersChanged(DateTimeOffset now) => UpdatedAt = now;
}

/// <summary>One user of the directory in one of its groups.</summary>
public sealed class DirectoryGroupMember : IOrganizationOwned
{
    internal DirectoryGroupMember(Id<Organization> organizationId, Id<DirectoryGroup> groupId, Id<DirectoryUser> directoryUserId) =>
        (OrganizationId, GroupId, DirectoryUserId) = (organizationId, groupId, directoryUserId);

    public Id<Organization> OrganizationId { get; private set; }
    public Id<DirectoryGroup> GroupId { get; private set; }
    public Id<DirectoryUser> DirectoryUserId { get; private set; }
}
