using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Workspaces;

public enum WorkspaceStatus
{
    Active,

    /// <summary>Nobody gets a token for it; its members stay for a restore.</summary>
    Archived,
}

/// <summary>A team or project inside one organization, with its own members and roles.</summary>
public sealed class Workspace : IHasIdPrefix, IOrganizationOwned, IVersioned
{
    private Workspace(Id<Organization> organizationId, Id<Workspace> id, string displayName, Slug slug, DateTimeOffset createdAt) =>
        (OrganizationId, Id, DisplayName, Slug, CreatedAt, UpdatedAt) = (organizationId, id, displayName, slug, createdAt, createdAt);

    public static string IdPrefix => "wsp";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<Workspace> Id { get; private set; }
    public string DisplayName { get; private set; }

    /// <summary>Unique in the organization.</summary>
    public Slug Slug { get; private set; }

    public WorkspaceStatus Status { get; private set; }

    /// <summary>New members of the organization join it; at most one per organization.</summary>
    public bool IsDefault { get; private set; }

    /// <summary>What the application keeps with it; never read by us.</summary>
    public Metadata Metadata { get; private set; } = Metadata.Empty;

    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }
    public DateTimeOffset? ArchivedAt { get; private set; }
    public int Version { get; private set; }

    public static Result<Workspace> Create(Id<Organization> organization, string displayName, Slug slug, DateTimeOffset now)
    {
        var name = Kernel.DisplayName.Check(displayName, "displayName");
        return name.IsOk ? new Workspace(organization, Id<Workspace>.New(now), name.Value, slug, now) : name.Error;
    }

    public Result Rename(string displayName, DateTimeOffset now)
    {
        var name = Kernel.DisplayName.Check(displayName, "displayName");
        if (!name.IsOk) return name.Error;
        (DisplayName, UpdatedAt) = (name.Value, now);
        return Result.Ok;
    }

    public void ChangeSlug(Slug slug, DateTimeOffset now) => (Slug, UpdatedAt) = (slug, now);

    public void ChangeMetadata(Metadata metadata, DateTimeOffset now) => (Metadata, UpdatedAt) = (metadata, now);

    /// <summary>The caller has taken it from the one that was it before.</summary>
    public Result MakeDefault(DateTimeOffset now)
    {
        if (Status != WorkspaceStatus.Active) return WorkspaceErrors.Archived;
        (IsDefault, UpdatedAt) = (true, now);
        return Result.Ok;
    }

    public void EndDefault(DateTimeOffset now) => (IsDefault, UpdatedAt) = (false, now);

    public Result Archive(DateTimeOffset now)
    {
        if (Status == WorkspaceStatus.Archived) return WorkspaceErrors.Archived;
        if (IsDefault) return WorkspaceErrors.DefaultNotArchived;
        (Status, ArchivedAt, UpdatedAt) = (WorkspaceStatus.Archived, now, now);
        return Result.Ok;
    }

    public Result Restore(DateTimeOffset now)
    {
        if (Status != WorkspaceStatus.Archived) return WorkspaceErrors.NotArchived;
        (Status, ArchivedAt, UpdatedAt) = (WorkspaceStatus.Active, null, now);
        return Result.Ok;
    }
}
