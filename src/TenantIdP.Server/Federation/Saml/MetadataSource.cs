using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Server.Http.Outbound;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>The kernel's reader of metadata.</summary>
/// <param name="entityId">Which entity, when the document describes several.</param>
public delegate Result<ImportedMetadata> MetadataReader(string xml, string? entityId);

/// <summary>Fetches the metadata of identity providers through the guarded client (SECURITY.md G1): whoever configures a connection names the address.</summary>
public sealed class MetadataSource(IHttpMessageHandlerFactory handlers, MetadataReader read, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="entityId">Which entity, when the document describes several.</param>
    public async Task<Result<ImportedMetadata>> FetchAsync(string url, string? entityId, string caller, CancellationToken ct)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address)) return SamlErrors.MetadataUrlInvalid;
        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, patience.Token);
        try
        {
            using var client = handlers.CreateOutboundClient(caller);
            using var response = await client.GetAsync(address, either.Token);
            if (!response.IsSuccessStatusCode) return Unreachable("The address answered with an error.");
            return read(await response.Content.ReadAsStringAsync(either.Token), entityId);
        }
        catch (OutboundRefusedException refused)
        {
            return Unreachable(refused.Message); // made to be shown
        }
        catch (InvalidOperationException)
        {
            return Unreachable("The answer could not be read."); // a charset that is none
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Unreachable("The address did not answer in time.");
        }
    }

    private static Error Unreachable(string why) => SamlErrors.MetadataUnreachable with { Message = $"The metadata could not be fetched. {why}" };
}
