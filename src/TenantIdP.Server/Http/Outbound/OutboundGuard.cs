using System.Diagnostics;
using System.Net;
using System.Threading.RateLimiting;

namespace TenantIdP.Server.Http.Outbound;

/// <summary>
/// Judges each hop, bounds time, size and concurrency, and hands back answers that are already read: when a call returns,
/// nothing of it is left on the wire and no cap can be escaped by reading later.
/// </summary>
public sealed class OutboundGuard : DelegatingHandler
{
    private readonly OutboundOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<OutboundGuard> _logger;
    private readonly PartitionedRateLimiter<string> _turns;

    public OutboundGuard(OutboundOptions options, TimeProvider time, ILogger<OutboundGuard> logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        _turns = PartitionedRateLimiter.Create<string, string>(key => RateLimitPartition.GetConcurrencyLimiter(key, _ => new ConcurrencyLimiterOptions
        {
            PermitLimit = options.MaxConcurrentPerConnection,
            QueueLimit = options.MaxWaitingPerConnection,
        }));
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var key = request.Options.TryGetValue(OutboundRequest.Connection, out var connection) ? connection : $"host:{request.RequestUri?.Authority}";
        try
        {
            return await SendInTurnAsync(request, key, cancellationToken);
        }
        catch (OutboundRefusedException refused)
        {
            Activity.Current?.SetTag("tenantidp.outbound.refusal", refused.Reason.ToString());
            Log.OutboundRefused(_logger, refused.Reason, key, request.RequestUri is { } uri ? OutboundTarget.IdnHostOf(uri) ?? "" : "", refused.Detail);
            throw;
        }
    }

    // The synchronous path would go around everything above.
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        throw new NotSupportedException("The outbound client is asynchronous only.");

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _turns.Dispose();
        base.Dispose(disposing);
    }

    private async Task<HttpResponseMessage> SendInTurnAsync(HttpRequestMessage request, string key, CancellationToken ct)
    {
        Require(OutboundTarget.Judge(request.RequestUri, _options));

        using var deadline = new CancellationTokenSource(_options.RequestTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        using var turn = await TakeTurnAsync(key, ct, either.Token);
        try
        {
            return await FollowAsync(request, either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // Without the deadline having passed it was the socket handler's connect timeout.
            throw deadline.IsCancellationRequested
                ? new OutboundRefusedException(OutboundRefusal.TimedOut, "request timeout")
                : new OutboundRefusedException(OutboundRefusal.Unreachable, "connect timeout");
        }
        catch (Exception failure) when (failure is not OutboundRefusedException && failure is HttpRequestException or IOException or InvalidDataException or FormatException or InvalidOperationException)
        {
            throw Translate(failure);
        }
    }

    private async Task<RateLimitLease> TakeTurnAsync(string key, CancellationToken caller, CancellationToken either)
    {
        try
        {
            var lease = await _turns.AcquireAsync(key, permitCount: 1, either);
            if (lease.IsAcquired)
                return lease;
            lease.Dispose();
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            throw new OutboundRefusedException(OutboundRefusal.Busy, "waited for the whole request timeout");
        }

        throw new OutboundRefusedException(OutboundRefusal.Busy, "queue full");
    }

    private async Task<HttpResponseMessage> FollowAsync(HttpRequestMessage request, CancellationToken ct)
    {
        var max = request.Options.TryGetValue(OutboundRequest.MaxResponseBytes, out var asked) ? Math.Min(asked, _options.MaxResponseBytes) : _options.MaxResponseBytes;
        var current = request;
        for (var hops = 0; ; hops++)
        {
            // HTTP/3 does not use the connect callback, and a Host header would name another site than the one that was judged.
            (current.Version, current.VersionPolicy, current.Headers.Host) = (HttpVersion.Version11, HttpVersionPolicy.RequestVersionExact, null);

            var response = await base.SendAsync(current, ct);
            try
            {
                if (!OutboundRedirect.IsRedirect(response))
                    return await OutboundAnswer.ReadAsync(response, max, ct);

                if (hops >= _options.MaxRedirects)
                    throw new OutboundRefusedException(OutboundRefusal.TooManyRedirects);
                var next = OutboundRedirect.Next(request, current, response);
                Require(OutboundTarget.Judge(next.RequestUri, _options));
                response.Dispose();
                current = next;
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }
    }

    private static void Require(OutboundRefusal? refusal)
    {
        if (refusal is { } reason)
            throw new OutboundRefusedException(reason);
    }

    /// <summary>The socket handler wraps what the connector threw and writes host and port into the text; neither may get out.</summary>
    private static OutboundRefusedException Translate(Exception failure)
    {
        for (var inner = failure.InnerException; inner is not null; inner = inner.InnerException)
        {
            if (inner is OutboundRefusedException refused)
                return new OutboundRefusedException(refused.Reason, refused.Detail);
        }

        var reason = (failure as HttpRequestException)?.HttpRequestError switch
        {
            HttpRequestError.SecureConnectionError => OutboundRefusal.CertificateNotAccepted,
            HttpRequestError.ConfigurationLimitExceeded => OutboundRefusal.AnswerTooLarge,
            HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError => OutboundRefusal.Unreachable,
            _ => OutboundRefusal.AnswerInvalid,
        };
        return new OutboundRefusedException(reason, failure.Message);
    }
}
