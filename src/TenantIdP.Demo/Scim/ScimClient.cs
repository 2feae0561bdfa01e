using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TenantIdP.Demo.Scim;

/// <summary>Where a directory's application is: base address and bearer token, as an administrator copies them.</summary>
public sealed record ScimAccess(string BaseUrl, string Token);

/// <summary>Sends requests as a directory does: one after the other, waiting when it is told to, and giving up in the end.</summary>
internal sealed class ScimClient(HttpClient http, ScimAccess access, TimeProvider clock)
{
    private const int MostTries = 4;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    public async Task<ScimExchange> SendAsync(ScimRequest request, ScimDialect dialect, CancellationToken ct)
    {
        var since = clock.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var answer = await SendOnceAsync(request, dialect, ct);
                if (attempt < MostTries && answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
                {
                    await Task.Delay(Wait(answer, attempt), clock, ct);
                    continue;
                }

                return new ScimExchange(request, (int)answer.StatusCode, await ReadAsync(answer, ct), clock.GetElapsedTime(since), attempt);
            }
            catch (Exception away) when (away is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
            {
                if (attempt == MostTries) return new ScimExchange(request, null, null, clock.GetElapsedTime(since), attempt);
                await Task.Delay(TimeSpan.FromSeconds(attempt), clock, ct);
            }
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(ScimRequest request, ScimDialect dialect, CancellationToken ct)
    {
        using var message = new HttpRequestMessage(request.Method, new Uri(access.BaseUrl + request.Path));
        message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", access.Token);
        message.Headers.TryAddWithoutValidation("Accept", "application/scim+json");
        if (request.Body is { } body)
        {
            message.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body.ToJsonString()));
            message.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(dialect.ContentType);
        }

        return await http.SendAsync(message, ct);
    }

    private static async Task<JsonNode?> ReadAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        var text = await answer.Content.ReadAsStringAsync(ct);
        if (text.Length == 0) return null;
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create("The answer is not JSON.");
        }
    }

    private static TimeSpan Wait(HttpResponseMessage answer, int attempt)
    {
        var wait = answer.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(attempt);
        return wait < LongestWait ? wait : LongestWait;
    }
}
