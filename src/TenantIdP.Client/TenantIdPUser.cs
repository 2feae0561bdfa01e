using System.Security.Claims;
using System.Text.Json;

namespace TenantIdP.Client;

/// <summary>The caller as TenantIdP's tokens describe them. What a token does not say is null or empty.</summary>
public sealed class TenantIdPUser
{
    private readonly ClaimsIdentity? _identity;

    internal TenantIdPUser(ClaimsPrincipal principal) =>
        _identity = principal.Identities.FirstOrDefault(identity => identity is { IsAuthenticated: true, AuthenticationType: TenantIdPSchemes.Identity });

    /// <summary>The person's id, <c>usr_…</c>; null when nobody is signed in.</summary>
    public string? UserId => One("sub");

    /// <summary>The session at the login host.</summary>
    public string? SessionId => One("sid");

    /// <summary>Display name, with the scope <c>profile</c>.</summary>
    public string? Name => One("name");

    /// <summary>The verified primary address, with the scope <c>email</c>.</summary>
    public string? Email => One("email");

    /// <summary>The organization the caller works in, <c>org_…</c>: the tenant of every query.</summary>
    public string? OrganizationId => One("org_id");

    /// <summary>The organization's readable name in addresses.</summary>
    public string? OrganizationSlug => One("org_name");

    /// <summary>The organization's name for people; in web sessions only.</summary>
    public string? OrganizationDisplayName => One("org_display_name");

    /// <summary>Keys of the roles in the organization.</summary>
    public IReadOnlyList<string> Roles => Many("roles");

    /// <summary>Permissions in the organization at the configured API.</summary>
    public IReadOnlyList<string> Permissions => Many("permissions");

    /// <summary>The permissions were too many for a token: the list is empty and the login host knows it.</summary>
    public bool PermissionsOverflow => One("permissions_overage") is { } value && bool.TryParse(value, out var overflow) && overflow;

    /// <summary>The workspace within the organization.</summary>
    public string? WorkspaceId => One("workspace_id");

    /// <summary>Keys of the roles in the workspace.</summary>
    public IReadOnlyList<string> WorkspaceRoles => Many("workspace_roles");

    /// <summary>The connection that the person came through.</summary>
    public string? ConnectionId => One("connection_id");

    /// <summary>How strong the sign-in was, such as <c>urn:tenantidp:acr:2fa</c>.</summary>
    public string? Acr => One("acr");

    /// <summary>Who acts in the person's name (the subject of <c>act</c>); null when they act themselves.</summary>
    public string? Actor => One("act") is { } actor ? Subject(actor) : null;

    /// <summary>The token lists this permission. <c>[RequirePermission]</c> also asks the login host after an overflow.</summary>
    public bool Has(string permission) => Permissions.Contains(permission);

    private string? One(string type) => _identity?.FindFirst(type)?.Value;

    private List<string> Many(string type) => [.. (_identity?.FindAll(type) ?? []).Select(claim => claim.Value)];

    private static string? Subject(string actor)
    {
        try
        {
            using var json = JsonDocument.Parse(actor);
            return json.RootElement is { ValueKind: JsonValueKind.Object } act && act.TryGetProperty("sub", out var subject) && subject.ValueKind == JsonValueKind.String ? subject.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Typed claims.</summary>
public static class TenantIdPClaims
{
    /// <summary>The principal's facts from TenantIdP; claims of other schemes are not read.</summary>
    public static TenantIdPUser TenantIdP(this ClaimsPrincipal principal)
    {
        ArgumentNullException.ThrowIfNull(principal);
        return new TenantIdPUser(principal);
    }
}
