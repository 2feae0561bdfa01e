using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TenantIdP.Core.Instance;
using TenantIdP.Engine.OpenIddict.Stores;

namespace TenantIdP.Engine.OpenIddict.Keys;

/// <summary>Keeps this node's key set like the database's: at once when it is told of a change, within <see cref="Interval"/> in any case.</summary>
internal sealed class KeyMaintenance(IServiceScopeFactory scopes, KeyRing ring, NodeState state, TimeProvider clock, ILogger<KeyMaintenance> logger) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>Between two tries when the database is away.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await state.MigratedAsync(stoppingToken);
            while (true)
            {
                await WaitAsync(stoppingToken);
                await ReadAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // A host that is disposed without being stopped first would report the cancellation as a crash.
        }
    }

    private async Task WaitAsync(CancellationToken ct)
    {
        using var waking = CancellationTokenSource.CreateLinkedTokenSource(ct);
        await Task.WhenAny(ring.Told, Task.Delay(Interval, clock, waking.Token));
        await waking.CancelAsync();
        ct.ThrowIfCancellationRequested();
    }

    private async Task ReadAsync(CancellationToken ct)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await ring.ReadAsync(scope.ServiceProvider.GetRequiredService<OidcSession>().Db, ct);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The database may be away; the keys in memory go on serving until it is back.
            Log.KeyMaintenanceFailed(logger, e);
            await Task.Delay(Pause, clock, ct);
            ring.Evict(null);
        }
    }
}
