using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace TenantIdP.Client.Permissions;

/// <summary>Asks the login host about one permission, with a token of the application's own. No answer is no.</summary>
internal sealed class PermissionQuestions(
    IOptions<TenantIdPOptions> web, IOptions<TenantIdPApiOptions> api, IHttpClientFactory clients, TimeProvider clock, ILogger<PermissionQuestions> log) : IDisposable
{
    public const string HttpClientName = "TenantIdP.Client";

    private static readonly TimeSpan EarlyBy = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Asker? _asker = AskerOf(web.Value, api.Value);
    private (string Value, DateTimeOffset Until)? _token;

    public bool CanAsk => _asker is not null;

    public async Task<bool> MayAsync(string userId, string organizationId, string permission, CancellationToken ct)
    {
        if (_asker is not { } asker)
            return false;

        try
        {
            var http = clients.CreateClient(HttpClientName);
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{asker.Issuer}/api/v1/authorization/check"))
            {
                Content = JsonContent.Create(new { checks = new[] { new { userId, organizationId, permission, api = asker.Api } } }),
            };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await TokenAsync(http, asker, ct));
            using var response = await http.SendAsync(request, ct);
            response.EnsureSuccessStatusCode();
            return (await response.Content.ReadFromJsonAsync<Answers>(ct))?.Results is [{ Allowed: true }];
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException or InvalidOperationException || (exception is OperationCanceledException && !ct.IsCancellationRequested))
        {
            Log.CheckFailed(log, permission, userId, organizationId, exception);
            return false;
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task<string> TokenAsync(HttpClient http, Asker asker, CancellationToken ct)
    {
        await _turn.WaitAsync(ct);
        try
        {
            if (_token is { } held && held.Until - clock.GetUtcNow() > EarlyBy)
                return held.Value;

            using var content = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["grant_type"] = "client_credentials", ["scope"] = "authorization:check", ["client_id"] = asker.ClientId, ["client_secret"] = asker.ClientSecret,
                ["resource"] = $"{asker.Issuer}/api/v1", // the app's default is its own API
            });
            using var response = await http.PostAsync(new Uri($"{asker.Issuer}/connect/token"), content, ct);
            response.EnsureSuccessStatusCode();
            var answer = new OpenIdConnectMessage(await response.Content.ReadAsStringAsync(ct));
            if (answer.AccessToken is not { Length: > 0 } token)
                throw new InvalidOperationException("The login host answered without a token.");
            _token = (token, clock.GetUtcNow().AddSeconds(int.TryParse(answer.ExpiresIn, out var seconds) ? seconds : 0));
            return token;
        }
        finally
        {
            _turn.Release();
        }
    }

    private static Asker? AskerOf(TenantIdPOptions web, TenantIdPApiOptions api) => (web, api) switch
    {
        ({ AskWhenPermissionsOverflow: true, Api: { } identifier }, _) => new(Address.Of(web.Issuer), web.ClientId, web.ClientSecret, identifier),
        (_, { ClientId: { } id, ClientSecret: { } secret }) => new(Address.Of(api.Issuer), id, secret, api.Api),
        _ => null,
    };

    private sealed record Asker(string Issuer, string ClientId, string ClientSecret, string Api);

    private sealed record Answers(IReadOnlyList<Answer> Results);

    private sealed record Answer(bool Allowed);
}
