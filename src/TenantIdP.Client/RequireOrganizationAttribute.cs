using Microsoft.AspNetCore.Authorization;
using TenantIdP.Client.Permissions;

namespace TenantIdP.Client;

/// <summary>
/// Only for callers who work in an organization; with a route parameter, in that one (id or slug): any other is answered 404, as if it did not exist.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class RequireOrganizationAttribute : AuthorizeAttribute, IAuthorizationRequirementData
{
    /// <summary>Any organization.</summary>
    public RequireOrganizationAttribute()
    {
    }

    /// <param name="routeParameter">Name of the route parameter that names the organization. A route without it admits nobody.</param>
    public RequireOrganizationAttribute(string routeParameter)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(routeParameter);
        RouteParameter = routeParameter;
    }

    /// <summary>The route parameter; null when any organization will do.</summary>
    public string? RouteParameter { get; }

    /// <inheritdoc/>
    public IEnumerable<IAuthorizationRequirement> GetRequirements() => [new OrganizationRequirement(RouteParameter)];
}
