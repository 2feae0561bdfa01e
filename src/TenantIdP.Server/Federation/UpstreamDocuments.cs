using Microsoft.IdentityModel.Protocols;

namespace TenantIdP.Server.Federation;

/// <summary>Fetches discovery documents and key sets through the guarded client.</summary>
internal sealed class UpstreamDocuments(HttpClient client, bool allowHttp) : IDocumentRetriever
{
    public async Task<string> GetDocumentAsync(string address, CancellationToken cancel)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || !IsAllowed(uri, allowHttp)) throw new InvalidDataException("The document is not at an https address.");
        using var response = await client.GetAsync(uri, cancel);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsStringAsync(cancel);
    }

    public static bool IsAllowed(Uri uri, bool allowHttp) => uri.Scheme == "https" || (allowHttp && uri.Scheme == "http");
}
