using TenantIdP.Server.Composition;
using TenantIdP.Server.Federation.Saml;

namespace TenantIdP.Server.Background;

/// <summary>Reads the metadata of every connection again. What one answers, or doesn't, is no matter of the others.</summary>
public sealed class MetadataWatch(IServiceScopeFactory scopes, MetadataRefresh refresh, ILogger<MetadataWatch> logger) : IScheduledWork
{
    public static string Name => "metadata_refresh";

    public async Task DoAsync(CancellationToken ct)
    {
        foreach (var (organization, connection) in await refresh.ListAsync(ct))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await scope.ServiceProvider.GetRequiredService<MetadataRefresh>().TryAsync(organization, connection, ct);
            }
            catch (Exception failure) when (!ct.IsCancellationRequested && !StoreFailures.IsOutage(failure))
            {
                Log.MetadataWatchFailed(logger, connection.ToString(), failure);
            }
        }
    }
}
