using System.Security.Claims;
using TenantIdP.Client;

namespace TenantIdP.Demo.SampleApp;

/// <summary>Who is signed in, in which organization, with which permissions, in words for the pages.</summary>
internal sealed class Visitor(ClaimsPrincipal principal)
{
    private readonly TenantIdPUser _user = principal.TenantIdP();

    public string Name => _user.Name ?? Email;

    public string Email => _user.Email ?? _user.UserId ?? "unknown";

    public string? OrganizationId => _user.OrganizationId;

    public string? OrganizationSlug => _user.OrganizationSlug;

    public string? OrganizationName => _user.OrganizationDisplayName ?? OrganizationSlug;

    /// <summary>Null for the organization as a whole.</summary>
    public string? WorkspaceId => _user.WorkspaceId;

    public IReadOnlyList<string> WorkspaceRoles => _user.WorkspaceRoles;

    public IReadOnlyList<string> Roles => _user.Roles;

    public IReadOnlyList<string> Permissions => _user.Permissions;
}

/// <summary>The session's tokens, which only this page of a sample shows to anybody.</summary>
internal sealed record RawTokens(string? Id, string? Access);
