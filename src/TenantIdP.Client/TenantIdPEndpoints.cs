using Microsoft.AspNetCore.Builder;

namespace TenantIdP.Client;

/// <summary>The attributes for minimal APIs and groups.</summary>
public static class TenantIdPEndpoints
{
    /// <summary>As <see cref="RequirePermissionAttribute"/>.</summary>
    public static TBuilder RequirePermission<TBuilder>(this TBuilder builder, string permission) where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new RequirePermissionAttribute(permission));

    /// <summary>As <see cref="RequireOrganizationAttribute"/>.</summary>
    public static TBuilder RequireOrganization<TBuilder>(this TBuilder builder, string? routeParameter = null) where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(routeParameter is null ? new RequireOrganizationAttribute() : new RequireOrganizationAttribute(routeParameter));
}
