namespace TenantIdP.Core.Roles;

/// <summary>Permissions are <c>resource:action</c>. Those of this product's own API are listed here; an application's are declared by its API.</summary>
public static class Permission
{
    public const int MaxLength = 100;

    public const string OrganizationRead = "organization:read";
    public const string OrganizationWrite = "organization:write";
    public const string OrganizationDelete = "organization:delete";
    public const string MembersRead = "members:read";
    public const string MembersWrite = "members:write";
    public const string RolesRead = "roles:read";
    public const string RolesWrite = "roles:write";
    public const string WorkspacesRead = "workspaces:read";
    public const string WorkspacesWrite = "workspaces:write";
    public const string DomainsRead = "domains:read";
    public const string DomainsWrite = "domains:write";
    public const string ConnectionsRead = "connections:read";
    public const string ConnectionsWrite = "connections:write";
    public const string DirectoriesRead = "directories:read";
    public const string DirectoriesWrite = "directories:write";

    /// <summary>What an app is granted to provision an organization's users and groups by SCIM with an access token of its own.</summary>
    public const string DirectoriesSync = "directories:sync";

    public const string InvitationsRead = "invitations:read";
    public const string InvitationsWrite = "invitations:write";
    public const string AppsRead = "apps:read";
    public const string AppsWrite = "apps:write";
    public const string KeysRead = "keys:read";
    public const string KeysWrite = "keys:write";
    public const string EventsRead = "events:read";
    public const string WebhooksRead = "webhooks:read";
    public const string WebhooksWrite = "webhooks:write";
    public const string ProfileRead = "profile:read";

    /// <summary>Whoever controls the IdP controls the organization (DESIGN.md section 6.3): these belong to owners unless an owner grants them.</summary>
    public static readonly IReadOnlyList<string> IdentityControl = [ConnectionsWrite, DirectoriesWrite, DirectoriesSync, DomainsWrite];

    public static bool IsValid(string? text)
    {
        if (text is null or { Length: < 3 or > MaxLength }) return false;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && colon == text.LastIndexOf(':') && colon < text.Length - 1
            && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '-' or '.' or ':');
    }
}
