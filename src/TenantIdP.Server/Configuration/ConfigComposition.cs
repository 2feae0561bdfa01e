namespace TenantIdP.Server.Configuration;

internal static class ConfigComposition
{
    /// <summary>Needs the store, an engine and the management API's use cases.</summary>
    public static void AddConfigurationFiles(this IServiceCollection services)
    {
        // In the order in which they are applied.
        services.AddScoped<ConfigKind, ApiConfig>();
        services.AddScoped<ConfigKind, RoleConfig>();
        services.AddScoped<ConfigKind, AppConfig>();
        services.AddScoped<ConfigKind, ConnectionConfig>();
        services.AddScoped<ConfigKind, DomainConfig>();
        services.AddScoped<ConfigKind, DirectoryConfig>();
        services.AddScoped<OrganizationConfig>();
        services.AddScoped<ConfigStore>();
        services.AddSingleton<ConfigRun>();
    }
}
