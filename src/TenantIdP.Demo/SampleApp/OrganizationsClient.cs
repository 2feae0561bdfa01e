using System.Net.Http.Headers;
using System.Text.Json;

namespace TenantIdP.Demo.SampleApp;

internal sealed record MyOrganization(string Id, string Slug, string DisplayName, IReadOnlyList<string> Roles, bool Current);

/// <summary>Asks the issuer which organizations the person belongs to: a token names only the current one.</summary>
internal sealed class OrganizationsClient(IHttpClientFactory clients, LedgerlineOptions options)
{
    /// <summary>Null when the list cannot be had now: the page works without the switcher.</summary>
    public async Task<IReadOnlyList<MyOrganization>?> MineAsync(string? accessToken, CancellationToken ct)
    {
        try
        {
            using var client = clients.CreateClient();
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(options.Issuer, "/api/v1/me/organizations"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
            using var response = await client.SendAsync(request, ct);
            return response.IsSuccessStatusCode ? (await response.Content.ReadFromJsonAsync<Answer>(ct))?.Data : null;
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException || (exception is TaskCanceledException && !ct.IsCancellationRequested))
        {
            return null;
        }
    }

    private sealed record Answer(IReadOnlyList<MyOrganization> Data);
}
