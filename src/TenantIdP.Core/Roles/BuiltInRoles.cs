namespace TenantIdP.Core.Roles;

/// <summary>The four roles every organization has. Their keys and permissions are published in docs/roles.md.</summary>
public static class BuiltInRoles
{
    public const string Owner = "owner";
    public const string Admin = "admin";
    public const string Member = "member";
    public const string Guest = "guest";

    private static readonly string[] GuestPermissions = [Permission.ProfileRead];

    private static readonly string[] MemberPermissions = [.. GuestPermissions, Permission.OrganizationRead, Permission.MembersRead, Permission.RolesRead];

    private static readonly string[] AdminPermissions =
    [
        .. MemberPermissions, Permission.OrganizationWrite, Permission.MembersWrite, Permission.RolesWrite, Permission.DomainsRead, Permission.ConnectionsRead,
        Permission.DirectoriesRead, Permission.InvitationsRead, Permission.InvitationsWrite, Permission.EventsRead, Permission.AppsRead, Permission.KeysRead,
        Permission.WorkspacesRead, Permission.WorkspacesWrite, Permission.WebhooksRead, Permission.WebhooksWrite,
    ];

    private static readonly string[] OwnerPermissions = [.. AdminPermissions, Permission.OrganizationDelete, Permission.AppsWrite, Permission.KeysWrite, .. Permission.IdentityControl];

    public static IReadOnlyList<(string Key, string DisplayName, IReadOnlyList<string> Permissions)> All { get; } =
    [
        (Owner, "Owner", Sorted(OwnerPermissions)), (Admin, "Admin", Sorted(AdminPermissions)), (Member, "Member", Sorted(MemberPermissions)), (Guest, "Guest", Sorted(GuestPermissions)),
    ];

    /// <summary>What this version publishes for a built-in role.</summary>
    public static IReadOnlyList<string> Of(string key) => All.Single(r => r.Key == key).Permissions;

    public static bool IsBuiltIn(string key) => key is Owner or Admin or Member or Guest;

    /// <summary>Roles that no connection, domain or default may ever give (FEATURES.md row 5).</summary>
    public static bool IsPrivileged(string key) => key is Owner or Admin;

    /// <summary>The same of a role that is at hand: what extends Admin is no less.</summary>
    public static bool IsPrivileged(Role role) => IsPrivileged(role.Key) || (role.BuiltInBase is { } extended && IsPrivileged(extended));

    private static readonly HashSet<string> Control =
        [.. OwnerPermissions.Where(p => p.EndsWith(":write", StringComparison.Ordinal) || p.EndsWith(":delete", StringComparison.Ordinal))];

    /// <summary>Whether it lets its holder change the organization through this product's own API, whatever it is called: what nobody gets by the domain of an address.</summary>
    public static bool GivesControl(Role role) => IsPrivileged(role) || role.Permissions.Any(Control.Contains);

    private static string[] Sorted(string[] permissions) => [.. permissions.Order(StringComparer.Ordinal)];
}
