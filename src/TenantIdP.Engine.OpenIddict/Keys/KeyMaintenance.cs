using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TenantIdP.Engine.OpenIddict.Stores;

namespace TenantIdP.Engine.OpenIddict.Keys;

/// <summary>Keeps this node's key set within <see cref="Interval"/> of the database's, and prunes dead tokens and grants now and then.</summary>
internal sealed class KeyMaintenance(IServiceScopeFactory scopes, KeyRing ring, TimeProvider clock, ILogger<KeyMaintenance> logger) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PruneEvery = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        var prunedAt = clock.GetUtcNow();
        while (await TickAsync(timer, stoppingToken))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await ring.RefreshAsync(scope.ServiceProvider.GetRequiredService<OidcSession>().Db, stoppingToken);
                var now = clock.GetUtcNow();
                if (now - prunedAt < PruneEvery) continue;
                prunedAt = now;

                // Deleting the same dead rows twice is harmless, so no node needs to be chosen.
                await scope.ServiceProvider.GetRequiredService<OidcSession>().PruneAsync(now - TimeSpan.FromDays(1), stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // The database may be away; the keys in memory go on serving until it is back.
                Log.KeyMaintenanceFailed(logger, e);
            }
        }
    }

    // A host that is disposed without being stopped first would report the cancellation as a crash.
    private static async Task<bool> TickAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
