using TenantIdP.Server.Federation.Saml;

namespace TenantIdP.Server.Background;

/// <summary>Reads the metadata of every connection again. What one answers, or doesn't, is no matter of the others.</summary>
public sealed class MetadataWatch(IServiceScopeFactory scopes, MetadataRefresh refresh) : IScheduledWork
{
    public static string Name => "metadata_refresh";

    public async Task DoAsync(CancellationToken ct)
    {
        foreach (var (organization, connection) in await refresh.ListAsync(ct))
        {
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<MetadataRefresh>().TryAsync(organization, connection, ct);
        }
    }
}
