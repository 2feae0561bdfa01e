using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Roles;

/// <summary>What a role can be changed to. <see cref="Parent"/> is the role it extends, as read under the lock of the hierarchy.</summary>
public sealed record RoleSettings(string DisplayName, IReadOnlyList<string> Permissions, Role? Parent, IReadOnlyList<string> AssignableBy);

/// <summary>
/// A named set of permissions. Roles of <see cref="Organization.Instance"/> exist in every organization (the built-in four and an operator's own);
/// the others belong to one organization.
/// </summary>
public sealed class Role : IHasIdPrefix, IOrganizationOwned, IVersioned
{
    private Role(Id<Organization> organizationId, Id<Role> id, string key, string displayName, DateTimeOffset createdAt) =>
        (OrganizationId, Id, Key, DisplayName, CreatedAt, UpdatedAt) = (organizationId, id, key, displayName, createdAt, createdAt);

    public const int MaxPermissions = 200;
    public const int MaxAssigners = 20;

    public static string IdPrefix => "rol";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<Role> Id { get; private set; }

    /// <summary>The value in the <c>roles</c> claim; never changes.</summary>
    public string Key { get; private set; }

    public string DisplayName { get; private set; }

    /// <summary>All that the role permits: its own and what it inherits. For a built-in role what this version publishes, less what an operator withholds.</summary>
    public IReadOnlyList<string> Permissions { get; private set; } = [];

    /// <summary>What the role itself names.</summary>
    public IReadOnlyList<string> OwnPermissions { get; private set; } = [];

    /// <summary>Of a built-in role: what an operator has taken out of it.</summary>
    public IReadOnlyList<string> Withheld { get; private set; } = [];

    /// <summary>The key of the role whose permissions this one has, too; of this organization or of the instance.</summary>
    public string? Extends { get; private set; }

    public Id<Organization>? ExtendsOrganizationId { get; private set; }
    public Id<Role>? ExtendsId { get; private set; }

    /// <summary>The built-in role at the end of what it extends: what an API gives to that one, holders of this one have, too.</summary>
    public string? BuiltInBase { get; private set; }

    /// <summary>Keys of roles; only who holds one of them may give or take this role. Empty: whoever holds all its permissions may.</summary>
    public IReadOnlyList<string> AssignableBy { get; private set; } = [];

    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }
    public int Version { get; private set; }

    public bool IsBuiltIn => OrganizationId == Organization.Instance && BuiltInRoles.IsBuiltIn(Key);

    public static Result<Role> Create(Id<Organization> owner, string key, RoleSettings settings, DateTimeOffset now)
    {
        if (!IsKey(key)) return RoleErrors.KeyInvalid;
        if (BuiltInRoles.IsBuiltIn(key)) return RoleErrors.KeyTaken;
        var role = new Role(owner, Id<Role>.New(now), key, "", now);
        var changed = role.Change(settings, now);
        return changed.IsOk ? role : changed.Error;
    }

    public Result Change(RoleSettings settings, DateTimeOffset now)
    {
        var valid = Check(settings);
        if (!valid.IsOk) return valid.Error;
        DisplayName = valid.Value;
        UpdatedAt = now;
        if (IsBuiltIn)
        {
            Withheld = Sorted(BuiltInRoles.Of(Key).Except(settings.Permissions));
            Permissions = OwnPermissions = Sorted(settings.Permissions);
            return Result.Ok;
        }

        (OwnPermissions, AssignableBy) = (Sorted(settings.Permissions), Sorted(settings.AssignableBy));
        (Extends, ExtendsOrganizationId, ExtendsId) = (settings.Parent?.Key, settings.Parent?.OrganizationId, settings.Parent?.Id);
        Inherit(settings.Parent);
        return Result.Ok;
    }

    /// <summary>Whether <see cref="Change"/> would accept these; changes nothing.</summary>
    /// <returns>The name as it would be stored.</returns>
    public Result<string> Check(RoleSettings settings)
    {
        var name = Kernel.DisplayName.Check(settings.DisplayName, "displayName");
        if (!name.IsOk) return name;
        if (settings.Permissions.Count > MaxPermissions) return RoleErrors.TooManyPermissions;
        if (settings.Permissions.FirstOrDefault(p => !Permission.IsValid(p)) is { } bad) return RoleErrors.PermissionInvalid(bad);
        if (settings.AssignableBy.Count > MaxAssigners || !settings.AssignableBy.All(IsKey)) return RoleErrors.AssignableByInvalid;
        if (!IsBuiltIn) return settings.Parent is { IsBuiltIn: true, Key: BuiltInRoles.Owner } ? RoleErrors.ExtendsOwner : name;

        // An operator may narrow what this version publishes for the others; Owner is what nobody can be locked out of.
        if (settings.Parent is not null || settings.AssignableBy.Count > 0) return RoleErrors.BuiltIn;
        if (Key == BuiltInRoles.Owner && !OwnPermissions.ToHashSet().SetEquals(settings.Permissions)) return RoleErrors.BuiltIn;
        return settings.Permissions.Except(BuiltInRoles.Of(Key)).Any() ? RoleErrors.BuiltInWidened : name;
    }

    /// <summary>What it permits when the role that it extends permits that; null: it extends none.</summary>
    public static IReadOnlyList<string> With(IReadOnlyList<string> own, Role? parent) => Sorted(own.Union(parent?.Permissions ?? []));

    internal static Role BuiltIn(string key, string displayName, IReadOnlyList<string> permissions, DateTimeOffset now) =>
        new(Organization.Instance, Id<Role>.New(now), key, displayName, now) { Permissions = permissions, OwnPermissions = permissions, BuiltInBase = key };

    internal bool RefreshBuiltIn(IReadOnlyList<string> published, DateTimeOffset now)
    {
        var permissions = Sorted(published.Except(Withheld));
        if (Permissions.SequenceEqual(permissions) && OwnPermissions.SequenceEqual(permissions) && BuiltInBase == Key) return false;
        (Permissions, OwnPermissions, BuiltInBase, UpdatedAt) = (permissions, permissions, Key, now);
        return true;
    }

    private void Inherit(Role? parent) => (Permissions, BuiltInBase) = (With(OwnPermissions, parent), parent?.BuiltInBase);

    private static string[] Sorted(IEnumerable<string> texts) => [.. texts.Distinct().Order(StringComparer.Ordinal)];

    private static bool IsKey(string? key) =>
        key is { Length: >= 2 and <= 63 } && char.IsAsciiLetterLower(key[0]) && key.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_');
}
