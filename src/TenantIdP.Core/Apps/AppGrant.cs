using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Apps;

/// <summary>What an app may do in one organization for itself, without a person: the organization's own word.</summary>
public sealed class AppGrant : IOrganizationOwned, IVersioned
{
    public const int MaxPermissions = 200;

    private AppGrant(Id<Organization> organizationId, Id<App> appId, DateTimeOffset createdAt) => (OrganizationId, AppId, CreatedAt, UpdatedAt) = (organizationId, appId, createdAt, createdAt);

    public Id<Organization> OrganizationId { get; private set; }

    /// <summary>Kept by the engine, so no foreign key: deleting the app deletes what it was granted.</summary>
    public Id<App> AppId { get; private set; }

    public IReadOnlyList<string> Permissions { get; private set; } = [];
    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }
    public int Version { get; private set; }

    public static AppGrant To(Id<App> app, Id<Organization> organization, DateTimeOffset now) => new(organization, app, now);

    public Result Permit(IReadOnlyList<string> permissions, DateTimeOffset now)
    {
        if (permissions.Count > MaxPermissions) return AppErrors.TooManyPermissions;
        if (permissions.FirstOrDefault(p => !Permission.IsValid(p)) is { } bad) return RoleErrors.PermissionInvalid(bad);
        (Permissions, UpdatedAt) = ([.. permissions.Distinct().Order(StringComparer.Ordinal)], now);
        return Result.Ok;
    }
}
