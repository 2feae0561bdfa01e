using System.Net.Http.Headers;
using System.Text.Json;

namespace TenantIdP.Demo.SampleApp;

internal sealed record MyOrganization(string Id, string Slug, string DisplayName, IReadOnlyList<string> Roles, bool Current);

/// <summary>Asks the issuer which organizations the person belongs to: a token names only the current one.</summary>
internal sealed class OrganizationsClient(IHttpClientFactory clients, LedgerlineOptions options)
{
    /// <summary>Null when the list cannot be had now: the page works without the switcher.</summary>
    public Task<IReadOnlyList<MyOrganization>?> MineAsync(string? accessToken, CancellationToken ct) => ListAsync<MyOrganization>("/api/v1/me/organizations", accessToken, ct);

    /// <summary>The person's workspaces in the token's organization; null as above.</summary>
    public Task<IReadOnlyList<MyWorkspace>?> WorkspacesAsync(string? accessToken, CancellationToken ct) => ListAsync<MyWorkspace>("/api/v1/me/workspaces", accessToken, ct);

    private async Task<IReadOnlyList<T>?> ListAsync<T>(string path, string? accessToken, CancellationToken ct)
    {
        try
        {
            using var client = clients.CreateClient();
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(options.Issuer, path));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
            using var response = await client.SendAsync(request, ct);
            return response.IsSuccessStatusCode ? (await response.Content.ReadFromJsonAsync<Answer<T>>(ct))?.Data : null;
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException || (exception is TaskCanceledException && !ct.IsCancellationRequested))
        {
            return null;
        }
    }

    private sealed record Answer<T>(IReadOnlyList<T> Data);
}
