using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Mime;
using System.Text;
using Microsoft.Extensions.Options;
using TenantIdP.Core.Webhooks;
using TenantIdP.Server.Http.Outbound;

namespace TenantIdP.Server.Webhooks;

/// <summary>Posts by the guarded client: public addresses over https, judged when they are dialled; no redirect is followed.</summary>
internal sealed class WebhookTransport(IHttpClientFactory clients, IOptions<OutboundOptions> options, TimeProvider clock) : IWebhookAddresses
{
    /// <summary>From the first byte sent to the last byte read.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private const int MaxAnswerBytes = 64 * 1024;
    private const string Agent = "TenantIdP-Webhooks/1.0";

    public bool MayCall(Uri url) => OutboundTarget.Judge(url, options.Value) is null;

    public async Task<WebhookAnswer> PostAsync(WebhookTurn turn, DateTimeOffset now, byte[] body, CancellationToken ct)
    {
        using var request = RequestOf(turn, now, body);
        using var deadline = new CancellationTokenSource(Timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        var started = Stopwatch.GetTimestamp();
        try
        {
            using var response = await clients.CreateClient(OutboundHttp.ClientName).SendAsync(request, either.Token);
            var answered = await response.Content.ReadAsByteArrayAsync(either.Token);
            // Whole: redacting a part would let through what the cut goes through.
            return new WebhookAnswer((int)response.StatusCode, response.IsSuccessStatusCode ? null : WebhookFailure.Status, Encoding.UTF8.GetString(answered), Stopwatch.GetElapsedTime(started), RetryAfterOf(response, now));
        }
        catch (OutboundRefusedException refused)
        {
            return new WebhookAnswer(null, FailureOf(refused.Reason), null, Stopwatch.GetElapsedTime(started), null);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new WebhookAnswer(null, WebhookFailure.Timeout, null, Stopwatch.GetElapsedTime(started), null);
        }
    }

    private static HttpRequestMessage RequestOf(WebhookTurn turn, DateTimeOffset now, byte[] body)
    {
        var timestamp = now.ToUnixTimeSeconds();
        var request = new HttpRequestMessage(HttpMethod.Post, turn.Url)
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue(MediaTypeNames.Application.Json) } },
        };
        request.Headers.TryAddWithoutValidation("webhook-id", turn.WebhookId);
        request.Headers.TryAddWithoutValidation("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation("webhook-signature", WebhookSigning.Sign(turn.Keys, turn.WebhookId, timestamp, body));
        request.Headers.TryAddWithoutValidation("User-Agent", Agent);
        request.Options.Set(OutboundRequest.Connection, $"webhook:{turn.EndpointId}");
        request.Options.Set(OutboundRequest.MaxResponseBytes, MaxAnswerBytes);
        return request;
    }

    private static TimeSpan? RetryAfterOf(HttpResponseMessage response, DateTimeOffset now) => response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable
        ? response.Headers.RetryAfter is { } asked ? asked.Delta ?? asked.Date - now : null
        : null;

    private static WebhookFailure FailureOf(OutboundRefusal reason) => reason switch
    {
        OutboundRefusal.CertificateNotAccepted => WebhookFailure.Certificate,
        OutboundRefusal.Redirected or OutboundRefusal.TooManyRedirects => WebhookFailure.Redirected,
        OutboundRefusal.AnswerTooLarge => WebhookFailure.AnswerTooLarge,
        OutboundRefusal.AnswerInvalid => WebhookFailure.AnswerInvalid,
        OutboundRefusal.TimedOut => WebhookFailure.Timeout,
        OutboundRefusal.Busy => WebhookFailure.Busy,
        OutboundRefusal.UrlNotAllowed or OutboundRefusal.HostNotAllowed or OutboundRefusal.PortNotAllowed or OutboundRefusal.NameNotResolved or OutboundRefusal.AddressNotPublic or OutboundRefusal.Unreachable
            => WebhookFailure.Unreachable,
    };
}
