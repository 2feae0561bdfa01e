using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Roles;

/// <summary>
/// A named set of permissions. Roles of <see cref="Organization.Instance"/> exist in every organization (the built-in four and an operator's own);
/// the others belong to one organization.
/// </summary>
public sealed class Role : IHasIdPrefix, IOrganizationOwned, IVersioned
{
    private Role(Id<Organization> organizationId, Id<Role> id, string key, string displayName, DateTimeOffset createdAt) =>
        (OrganizationId, Id, Key, DisplayName, CreatedAt, UpdatedAt) = (organizationId, id, key, displayName, createdAt, createdAt);

    public static string IdPrefix => "rol";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<Role> Id { get; private set; }

    /// <summary>The value in the <c>roles</c> claim; never changes.</summary>
    public string Key { get; private set; }

    public string DisplayName { get; private set; }
    public IReadOnlyList<string> Permissions { get; private set; } = [];
    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }
    public int Version { get; private set; }

    public bool IsBuiltIn => OrganizationId == Organization.Instance && BuiltInRoles.IsBuiltIn(Key);

    public static Result<Role> Create(Id<Organization> owner, string key, string displayName, IReadOnlyList<string> permissions, DateTimeOffset now)
    {
        if (!IsKey(key)) return RoleErrors.KeyInvalid;
        if (BuiltInRoles.IsBuiltIn(key)) return RoleErrors.KeyTaken;
        var role = new Role(owner, Id<Role>.New(now), key, "", now);
        var changed = role.Change(displayName, permissions, now);
        return changed.IsOk ? role : changed.Error;
    }

    public Result Change(string displayName, IReadOnlyList<string> permissions, DateTimeOffset now)
    {
        var valid = Check(displayName, permissions);
        if (!valid.IsOk) return valid.Error;
        (DisplayName, Permissions, UpdatedAt) = (valid.Value, [.. permissions.Distinct().Order(StringComparer.Ordinal)], now);
        return Result.Ok;
    }

    /// <summary>Whether <see cref="Change"/> would accept these; changes nothing.</summary>
    public Result<string> Check(string displayName, IReadOnlyList<string> permissions)
    {
        if (IsBuiltIn) return RoleErrors.BuiltIn;
        var name = Kernel.DisplayName.Check(displayName, "displayName");
        if (!name.IsOk) return name;
        if (permissions.Count > 200) return RoleErrors.TooManyPermissions;
        return permissions.FirstOrDefault(p => !Permission.IsValid(p)) is { } bad ? RoleErrors.PermissionInvalid(bad) : name;
    }

    internal static Role BuiltIn(string key, string displayName, IReadOnlyList<string> permissions, DateTimeOffset now) =>
        new(Organization.Instance, Id<Role>.New(now), key, displayName, now) { Permissions = permissions };

    internal bool RefreshBuiltIn(IReadOnlyList<string> permissions, DateTimeOffset now)
    {
        if (Permissions.SequenceEqual(permissions)) return false;
        (Permissions, UpdatedAt) = (permissions, now);
        return true;
    }

    private static bool IsKey(string? key) =>
        key is { Length: >= 2 and <= 63 } && char.IsAsciiLetterLower(key[0]) && key.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_');
}
