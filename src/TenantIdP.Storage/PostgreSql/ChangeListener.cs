using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using TenantIdP.Core.Instance;

namespace TenantIdP.Storage.PostgreSql;

/// <summary>
/// Evicts what other nodes have changed, by LISTEN on a connection of its own. Whatever was told while there was none is made good by evicting everything when there is one
/// again; the caches' own lifetimes bound what is left.
/// </summary>
internal sealed class ChangeListener(PostgreSqlDatabase database, IEnumerable<INodeCache> caches, TimeProvider clock, ILogger<ChangeListener> logger) : BackgroundService
{
    public const string Channel = "tenantidp_changes";

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly List<INodeCache> all = [.. caches];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var timer = new PeriodicTimer(Pause, clock);
            do
            {
                try
                {
                    await ListenAsync(stoppingToken);
                }
                catch (Exception lost) when (lost is NpgsqlException or IOException or TimeoutException)
                {
                    Log.ListenerLost(logger, lost);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host is stopping.
        }
    }

    private async Task ListenAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenAloneAsync("listener", ct);
        connection.Notification += (_, told) => NodeChange.Parse(told.Payload).Tell(all);
        await using (var listen = new NpgsqlCommand("LISTEN " + Channel, connection)) await listen.ExecuteNonQueryAsync(ct);
        foreach (var cache in all) cache.Evict(null);
        while (true) await connection.WaitAsync(ct);
    }
}
