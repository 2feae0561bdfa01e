using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Keys;

/// <summary>What a key can be changed to.</summary>
public sealed record KeySettings(string DisplayName, IReadOnlyList<string> Permissions, DateTimeOffset? ExpiresAt);

/// <summary>
/// A secret for programs that act in one organization by the management API. It never does more than its maker may do at that moment; one that an operator's app made stands
/// alone.
/// </summary>
public sealed class ApiKey : IHasIdPrefix, IOrganizationOwned, IVersioned
{
    public const int MaxPermissions = 50;

    /// <summary>Of one organization.</summary>
    public const int Most = 100;

    /// <summary>What nobody gives to a secret that lies in a file: control of the sign-in, the end of the organization, and more such secrets.</summary>
    public static readonly IReadOnlyList<string> Never = [.. Permission.IdentityControl, Permission.OrganizationDelete, Permission.AppsWrite, Permission.KeysWrite];

    private static readonly TimeSpan Longest = TimeSpan.FromDays(3_653);

    private ApiKey(Id<Organization> organizationId, Id<ApiKey> id, string displayName, string hash, string prefix, Id<User>? createdBy, DateTimeOffset createdAt) =>
        (OrganizationId, Id, DisplayName, Hash, Prefix, CreatedBy, CreatedAt, UpdatedAt) = (organizationId, id, displayName, hash, prefix, createdBy, createdAt, createdAt);

    public static string IdPrefix => "key";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<ApiKey> Id { get; private set; }
    public string DisplayName { get; private set; }

    /// <summary>A <see cref="MachineSecret.Hash"/>; the secret itself is nowhere.</summary>
    public string Hash { get; private set; }

    /// <summary>How the secret begins, so that people recognise the one that leaked.</summary>
    public string Prefix { get; private set; }

    public IReadOnlyList<string> Permissions { get; private set; } = [];

    /// <summary>The member who made it, and whose end is its end; null for an operator's app.</summary>
    public Id<User>? CreatedBy { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }
    public DateTimeOffset? ExpiresAt { get; private set; }

    /// <summary>To within five minutes.</summary>
    public DateTimeOffset? LastUsedAt { get; private set; }

    public int Version { get; private set; }

    public static Result<(ApiKey Key, string Secret)> Create(Id<Organization> organization, KeySettings settings, Id<User>? by, DateTimeOffset now)
    {
        var secret = KeySecret.New();
        var key = new ApiKey(organization, Id<ApiKey>.New(now), "", MachineSecret.Hash(secret), KeySecret.Shown(secret), by, now);
        var changed = key.Change(settings, now);
        return changed.IsOk ? (key, secret) : changed.Error;
    }

    /// <summary>Its maker has become another account.</summary>
    internal void MoveTo(Id<User> maker, DateTimeOffset now) => (CreatedBy, UpdatedAt) = (maker, now);

    public Result Change(KeySettings settings, DateTimeOffset now)
    {
        var name = Kernel.DisplayName.Check(settings.DisplayName, "displayName");
        if (!name.IsOk) return name.Error;
        if (settings.Permissions.Count is 0 or > MaxPermissions) return KeyErrors.PermissionsInvalid;
        if (settings.Permissions.FirstOrDefault(p => !Permission.IsValid(p)) is { } bad) return RoleErrors.PermissionInvalid(bad);
        if (settings.Permissions.Any(Never.Contains)) return KeyErrors.PermissionRefused;
        if (settings.ExpiresAt is { } end && end != ExpiresAt && (end <= now || end > now + Longest)) return KeyErrors.ExpiryInvalid;
        (DisplayName, Permissions, ExpiresAt, UpdatedAt) = (name.Value, [.. settings.Permissions.Distinct().Order(StringComparer.Ordinal)], settings.ExpiresAt, now);
        return Result.Ok;
    }
}
