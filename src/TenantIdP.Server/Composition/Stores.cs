using TenantIdP.Storage;

namespace TenantIdP.Server.Composition;

/// <summary>The database, the root keys and the data-protection ring.</summary>
internal static class Stores
{
    public static void AddStores(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        services.AddStore(configuration, environment);
        services.AddStoreDataProtection();
        services.AddSingleton<StoreStart>();
        services.AddHostedService(provider => provider.GetRequiredService<StoreStart>());
        services.AddScoped<StoreReadiness>();
        services.AddSingleton<StoreCopy>();
    }
}
