using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Server.Http.Outbound;

namespace TenantIdP.Server.Http;

/// <summary>Reads the key sets that apps publish, through the guarded client: an operator names the address, but the name may lead anywhere tomorrow.</summary>
public sealed class AppKeyDocuments(IHttpClientFactory clients, ILogger<AppKeyDocuments> logger) : IAppKeyDocuments
{
    private const int Longest = 64 * 1024;

    public async Task<string?> FetchAsync(Id<App> app, string address, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Options.Set(OutboundRequest.Connection, app.ToString());
        request.Options.Set(OutboundRequest.MaxResponseBytes, Longest);
        try
        {
            using var client = clients.CreateClient(OutboundHttp.ClientName);
            using var answer = await client.SendAsync(request, ct);
            if (answer.IsSuccessStatusCode) return await answer.Content.ReadAsStringAsync(ct);
            Log.AppKeysNotRead(logger, app.ToString(), (int)answer.StatusCode);
            return null;
        }
        catch (OutboundRefusedException)
        {
            return null; // the guard has said why
        }
        catch (InvalidOperationException)
        {
            return null; // a charset that is none
        }
    }
}
