using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;

namespace TenantIdP.Demo.SampleApp;

/// <summary>Who is signed in, in which organization, with which permissions: the id token's facts and the access token's.</summary>
internal sealed class Visitor(AuthenticationTicket ticket, ClaimsIdentity? access)
{
    public AuthenticationTicket Ticket { get; } = ticket;

    public string Name => Claim("name") ?? Email;

    public string Email => Claim("email") ?? Claim("sub") ?? "unknown";

    public string? OrganizationId => Claim("org_id");

    public string? OrganizationSlug => Claim("org_name");

    public string? OrganizationName => Claim("org_display_name") ?? OrganizationSlug;

    /// <summary>Null for the organization as a whole.</summary>
    public string? WorkspaceId => Claim("workspace_id");

    public IReadOnlyList<string> WorkspaceRoles => [.. Ticket.Principal.FindAll("workspace_roles").Select(claim => claim.Value)];

    public IReadOnlyList<string> Roles => [.. Ticket.Principal.FindAll("roles").Select(claim => claim.Value)];

    /// <summary>Empty unless the access token is valid for this app's API.</summary>
    public IReadOnlyList<string> Permissions => [.. (access?.FindAll("permissions") ?? []).Select(claim => claim.Value)];

    public bool HasApiToken => access is not null;

    public string? IdToken => Ticket.Properties.GetTokenValue("id_token");

    public string? AccessToken => Ticket.Properties.GetTokenValue("access_token");

    public bool May(string permission) => Permissions.Contains(permission);

    private string? Claim(string type) => Ticket.Principal.FindFirst(type)?.Value;
}
