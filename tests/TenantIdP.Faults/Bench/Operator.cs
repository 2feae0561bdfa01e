using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using TenantIdP.Testing.Hosting;

namespace TenantIdP.Faults.Bench;

/// <summary>An answer of the management API.</summary>
internal sealed record ApiAnswer(HttpStatusCode Status, JsonNode? Body)
{
    public bool IsOk => (int)Status is >= 200 and < 300;

    public string? Code => (string?)Body?["code"];

    public string Text(string name) => (string?)Body?[name] ?? throw new InvalidOperationException($"{(int)Status} {Body}: no {name}.");
}

/// <summary>The operator's app at the management API, through the load balancer or at one node.</summary>
internal sealed class Operator(HttpClient http, string issuer)
{
    private static readonly TimeSpan Renew = TimeSpan.FromMinutes(2);

    private readonly SemaphoreSlim renewing = new(1, 1);
    private (string Token, long At)? token;

    public Task<ApiAnswer> GetAsync(string path, CancellationToken ct, ServerProcess? at = null) => SendAsync(HttpMethod.Get, path, null, ct, at);

    public async Task<ApiAnswer> PostAsync(string path, object? body, CancellationToken ct, ServerProcess? at = null)
    {
        var answer = await SendAsync(HttpMethod.Post, path, body, ct, at);
        return answer.IsOk ? answer : throw new InvalidOperationException($"POST {path}: {(int)answer.Status} {answer.Body}");
    }

    public async Task DeleteAsync(string path, CancellationToken ct, ServerProcess? at = null)
    {
        var answer = await SendAsync(HttpMethod.Delete, path, null, ct, at);
        if (!answer.IsOk) throw new InvalidOperationException($"DELETE {path}: {(int)answer.Status} {answer.Body}");
    }

    public async Task<ApiAnswer> SendAsync(HttpMethod method, string path, object? body, CancellationToken ct, ServerProcess? at = null)
    {
        var (answer, _, _) = await TryAsync(method, path, body, at, ct);
        if (answer.Status != HttpStatusCode.Unauthorized) return answer;

        // A key that a fault retired early takes its tokens along: as any client would, ask for another. A second refusal says what was refused, and by which clock.
        token = null;
        (answer, var presented, var date) = await TryAsync(method, path, body, at, ct);
        if (answer.Status != HttpStatusCode.Unauthorized) return answer;
        throw new InvalidOperationException($"{method} {path}: 401 twice, at {date:O} of the node, for {string.Join('.', presented.Split('.')[..2].Select(part => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(part))))}");
    }

    private async Task<(ApiAnswer Answer, string Presented, DateTimeOffset? At)> TryAsync(HttpMethod method, string path, object? body, ServerProcess? at, CancellationToken ct)
    {
        var presented = await TokenAsync(ct);
        using var request = new HttpRequestMessage(method, (at?.Address ?? issuer) + "/api/v1/" + path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Host = new Uri(issuer).Authority;
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", presented);
        using var response = await http.SendAsync(request, ct);
        var text = await response.Content.ReadAsStringAsync(ct);
        return (new ApiAnswer(response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text)), presented, response.Headers.Date);
    }

    /// <summary>May the person do it? Null when the answer is a refusal of the request.</summary>
    public async Task<bool?> MayAsync(string userId, string organizationId, string permission, CancellationToken ct, ServerProcess? at = null)
    {
        var answer = await SendAsync(HttpMethod.Post, "authorization/check", new { checks = new[] { new { userId, organizationId, permission } } }, ct, at);
        return answer.IsOk ? (bool?)answer.Body?["results"]?[0]?["allowed"] : null;
    }

    /// <summary>Good for five minutes; asked anew after two.</summary>
    public async Task<string> TokenAsync(CancellationToken ct)
    {
        await renewing.WaitAsync(ct);
        try
        {
            if (token is { } known && TimeProvider.System.GetElapsedTime(known.At) < Renew) return known.Token;
            using var request = new HttpRequestMessage(HttpMethod.Post, issuer + "/connect/token")
            {
                Content = new FormUrlEncodedContent([new("grant_type", "client_credentials"), new("scope", "management")]),
            };
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Nodes.ClientId}:{Nodes.ClientSecret}")));
            using var response = await http.SendAsync(request, ct);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable) throw new UnavailableException("token of the operator");
            var body = await response.Content.ReadFromJsonAsync<JsonObject>(ct);
            if (!response.IsSuccessStatusCode) throw new InvalidOperationException($"No token for the operator: {(int)response.StatusCode} {body}");
            token = ((string)body!["access_token"]!, TimeProvider.System.GetTimestamp()); // RFC 6749 section 5.1
            return token.Value.Token;
        }
        finally
        {
            renewing.Release();
        }
    }
}

/// <summary>A client was told to come back later: 503, or 429.</summary>
internal sealed class UnavailableException(string where) : Exception(where);
