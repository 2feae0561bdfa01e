using Microsoft.AspNetCore.Authorization;
using TenantIdP.Client.Permissions;

namespace TenantIdP.Client;

/// <summary>
/// Only for callers whose token holds the permission in their organization: on controllers, actions, Razor Pages and endpoints. Several add up.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
public sealed class RequirePermissionAttribute : AuthorizeAttribute, IAuthorizationRequirementData
{
    /// <param name="permission">As the API declares it, such as <c>invoices:write</c>.</param>
    public RequirePermissionAttribute(string permission)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(permission);
        Permission = permission;
    }

    /// <summary>The permission.</summary>
    public string Permission { get; }

    /// <inheritdoc/>
    public IEnumerable<IAuthorizationRequirement> GetRequirements() => [new PermissionRequirement(Permission)];
}
