using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace TenantIdP.Server.Federation;

/// <summary>
/// The discovery document and the keys of one upstream. Whoever comes before they were read once shares one reading, which has the time of one request. The base has them
/// read one after the other: behind an upstream that never answers, the tenth person would wait for ten times as long (SECURITY.md G4).
/// </summary>
/// <param name="patience">For both documents together.</param>
internal sealed class UpstreamConfiguration(string address, IDocumentRetriever documents, IConfigurationValidator<OpenIdConnectConfiguration> rules, TimeSpan patience, TimeProvider clock)
    : ConfigurationManager<OpenIdConnectConfiguration>(address, new OpenIdConnectConfigurationRetriever(), documents, rules)
{
    private readonly Lock gate = new();
    private Task<OpenIdConnectConfiguration>? reading;
    private volatile bool wasRead;

    public override async Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel)
    {
        // From then on the base answers from memory, and reads anew beside the requests.
        if (wasRead) return await base.GetConfigurationAsync(cancel);
        Task<OpenIdConnectConfiguration> shared;
        lock (gate) shared = reading ??= ReadAsync();
        return await shared.WaitAsync(cancel);
    }

    private async Task<OpenIdConnectConfiguration> ReadAsync()
    {
        await Task.Yield(); // our caller holds the gate and has not kept this task yet
        try
        {
            using var limit = new CancellationTokenSource(patience, clock);
            var read = await base.GetConfigurationAsync(limit.Token);
            wasRead = true;
            return read;
        }
        catch (OperationCanceledException slow)
        {
            throw new HttpRequestException("The upstream's documents did not come in time.", slow);
        }
        finally
        {
            lock (gate) reading = null;
        }
    }
}
