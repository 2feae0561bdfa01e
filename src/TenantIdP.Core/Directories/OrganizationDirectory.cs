using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Directories;

public enum DirectoryStatus
{
    Active,

    /// <summary>Every SCIM request is refused; nothing of what it provisioned changes.</summary>
    Disabled,
}

/// <summary>What becomes of a user whose address is outside the organization's verified domains (FEATURES.md row 26).</summary>
public enum OutsideDomains
{
    /// <summary>The request is refused.</summary>
    Reject,

    /// <summary>A pending member, who is asked by mail.</summary>
    Invite,

    /// <summary>A member with the role guest, whose address stays unverified.</summary>
    Guest,
}

/// <summary>The attribute of a SCIM user that a connection of the same organization sends as the subject or address of the same person.</summary>
public enum CorrelateBy
{
    UserName,
    Email,
    ExternalId,
}

/// <summary>What a directory can be changed to.</summary>
/// <param name="OwnsProfile">Name and address of its members are the directory's: nobody else changes them.</param>
/// <param name="DefaultRole">Key of the role of who comes in by it.</param>
public sealed record DirectorySettings(string DisplayName, OutsideDomains OutsideDomains, CorrelateBy CorrelateBy, bool OwnsProfile, string DefaultRole)
{
    /// <summary>What its users have besides the attributes of the standard.</summary>
    public IReadOnlyList<DirectoryAttribute> CustomAttributes { get; init; } = [];

    public bool Equals(DirectorySettings? other) =>
        other is not null && (DisplayName, OutsideDomains, CorrelateBy, OwnsProfile, DefaultRole) == (other.DisplayName, other.OutsideDomains, other.CorrelateBy, other.OwnsProfile, other.DefaultRole)
        && CustomAttributes.SequenceEqual(other.CustomAttributes);

    public override int GetHashCode() => HashCode.Combine(DisplayName, OutsideDomains, CorrelateBy, OwnsProfile, DefaultRole, CustomAttributes.Count);

    public static DirectorySettings Named(string displayName) => new(displayName, OutsideDomains.Reject, CorrelateBy.UserName, true, BuiltInRoles.Member);
}

/// <summary>One SCIM endpoint of one organization (RFC 7644), by which its identity provider keeps members and groups.</summary>
public sealed class OrganizationDirectory : IHasIdPrefix, IOrganizationOwned, IVersioned
{
    /// <summary>Of one organization.</summary>
    public const int Most = 10;

    private OrganizationDirectory(Id<Organization> organizationId, Id<OrganizationDirectory> id, string displayName, DateTimeOffset createdAt) =>
        (OrganizationId, Id, DisplayName, CreatedAt, UpdatedAt) = (organizationId, id, displayName, createdAt, createdAt);

    public static string IdPrefix => "dir";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<OrganizationDirectory> Id { get; private set; }
    public string DisplayName { get; private set; }
    public DirectoryStatus Status { get; private set; } = DirectoryStatus.Active;
    public OutsideDomains OutsideDomains { get; private set; } = OutsideDomains.Reject;
    public CorrelateBy CorrelateBy { get; private set; } = CorrelateBy.UserName;

    /// <summary>Name and address of its members are the directory's: nobody else changes them (FEATURES.md row 27).</summary>
    public bool OwnsProfile { get; private set; } = true;

    /// <summary>Key of the role of who comes in by it; never owner or admin.</summary>
    public string DefaultRoleKey { get; private set; } = BuiltInRoles.Member;

    /// <summary>What its users have besides the attributes of the standard.</summary>
    public IReadOnlyList<DirectoryAttribute> CustomAttributes { get; private set; } = [];

    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>When a request was let in last, to within a minute. Written beside the version: it is no change of the directory.</summary>
    public DateTimeOffset? LastSeenAt { get; private set; }

    public int Version { get; private set; }

    /// <summary>The caller has judged the default role.</summary>
    public static Result<OrganizationDirectory> Create(Id<Organization> organization, DirectorySettings settings, DateTimeOffset now)
    {
        var directory = new OrganizationDirectory(organization, Id<OrganizationDirectory>.New(now), "", now);
        var changed = directory.Change(settings, now);
        return changed.IsOk ? directory : changed.Error;
    }

    /// <inheritdoc cref="Create"/>
    public Result Change(DirectorySettings settings, DateTimeOffset now)
    {
        var name = Kernel.DisplayName.Check(settings.DisplayName, "displayName");
        if (!name.IsOk) return name.Error;
        var attributes = DirectoryAttribute.Check(settings.CustomAttributes);
        if (!attributes.IsOk) return attributes;
        if (settings.CustomAttributes.Any(a => !CustomAttributes.All(a.HoldsAs))) return DirectoryErrors.AttributeFixed;
        (DisplayName, OutsideDomains, CorrelateBy, OwnsProfile, DefaultRoleKey, CustomAttributes, UpdatedAt) =
            (name.Value, settings.OutsideDomains, settings.CorrelateBy, settings.OwnsProfile, settings.DefaultRole, settings.CustomAttributes, now);
        return Result.Ok;
    }

    public void SetStatus(DirectoryStatus status, DateTimeOffset now)
    {
        if (Status != status) (Status, UpdatedAt) = (status, now);
    }

    public DirectorySettings Settings => new(DisplayName, OutsideDomains, CorrelateBy, OwnsProfile, DefaultRoleKey) { CustomAttributes = CustomAttributes };

    /// <summary>The source id of a role that something of this directory gave (<see cref="Members.RoleSource.ScimGroup"/>): what begins so ends with the directory.</summary>
    /// <param name="id">Whose source it is.</param>
    /// <param name="giver">The id of the mapping or group that gives it, at most 33 characters.</param>
    public static string SourceOf(Id<OrganizationDirectory> id, string giver) => $"{id}/{giver}";

    internal const string Escape = "\\";

    /// <summary>The pattern of LIKE, with <see cref="Escape"/>, of every source id that <see cref="SourceOf"/> makes.</summary>
    internal static string SourcesOf(Id<OrganizationDirectory> id) => id.ToString().Replace("_", Escape + "_", StringComparison.Ordinal) + "/%";
}
