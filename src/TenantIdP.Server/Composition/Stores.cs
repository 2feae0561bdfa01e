using TenantIdP.Storage;

namespace TenantIdP.Server.Composition;

/// <summary>The database, the root keys and the data-protection ring.</summary>
internal static class Stores
{
    public static void AddStores(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        services.AddStore(configuration, environment);
        services.AddStoreDataProtection();
        services.AddHostedService<Migration>();
        services.AddScoped<StoreReadiness>();
    }

    /// <summary>Runs before any other hosted service starts, so before Kestrel listens and before any key or row is asked for.</summary>
    private sealed class Migration(StoreMigrator migrator) : IHostedLifecycleService
    {
        public Task StartingAsync(CancellationToken cancellationToken) => migrator.MigrateAsync(cancellationToken);

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
