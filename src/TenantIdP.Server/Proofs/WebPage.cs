using System.Net;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Server.Http.Outbound;

namespace TenantIdP.Server.Proofs;

/// <param name="Failure">Why there is no content.</param>
/// <param name="Seen">A status, or our own sentence about a refusal, which says nothing about networks.</param>
public sealed record WebAnswer(Sighting? Failure, string? Seen, HttpContent? Content, string? Advice = null);

/// <summary>Where the redirects of a page may lead.</summary>
public sealed record WebLimits(OutboundRedirects Redirects, HostName? Within, int MaxBytes);

/// <summary>Reads one page through the guarded client: https with a valid certificate, public addresses, bounded.</summary>
public sealed class WebPage(IHttpClientFactory clients)
{
    /// <summary>For one page with all of its redirects.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public async Task<WebAnswer> ReadAsync(Uri url, WebLimits limits, string caller, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Accept.ParseAdd("text/html, text/plain");
        request.Options.Set(OutboundRequest.Redirects, limits.Redirects);
        if (limits.Within is { } domain) request.Options.Set(OutboundRequest.Within, domain.Value);
        request.Options.Set(OutboundRequest.MaxResponseBytes, limits.MaxBytes);
        request.Options.Set(OutboundRequest.Connection, $"domain_proof:{caller}");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Limit);
        try
        {
            using var client = clients.CreateClient(OutboundHttp.ClientName);
            var response = await client.SendAsync(request, limit.Token);
            return response.StatusCode switch
            {
                HttpStatusCode.OK => new WebAnswer(null, null, response.Content),
                HttpStatusCode.NotFound or HttpStatusCode.Gone => new WebAnswer(Sighting.NotThere, $"HTTP {(int)response.StatusCode}", null),
                var other => new WebAnswer(Sighting.ServerFailed, $"HTTP {(int)other}", null, "The page must answer 200 to a request without cookies and sign-in."),
            };
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return new WebAnswer(Sighting.TimedOut, null, null, "The page must come whole within 10 seconds.");
        }
        catch (OutboundRefusedException refused)
        {
            return new WebAnswer(Of(refused.Reason), refused.Message, null, Advice(refused.Reason));
        }
    }

    private static Sighting Of(OutboundRefusal reason) => reason switch
    {
        OutboundRefusal.CertificateNotAccepted => Sighting.CertificateRefused,
        OutboundRefusal.Redirected or OutboundRefusal.TooManyRedirects => Sighting.Redirected,
        OutboundRefusal.AnswerTooLarge => Sighting.TooLarge,
        OutboundRefusal.AnswerInvalid => Sighting.Unreadable,
        OutboundRefusal.TimedOut or OutboundRefusal.Busy => Sighting.TimedOut,
        OutboundRefusal.UrlNotAllowed or OutboundRefusal.HostNotAllowed or OutboundRefusal.PortNotAllowed or OutboundRefusal.NameNotResolved or OutboundRefusal.AddressNotPublic or OutboundRefusal.Unreachable => Sighting.Unreachable,
    };

    private static string? Advice(OutboundRefusal reason) => reason switch
    {
        OutboundRefusal.CertificateNotAccepted => "The site needs a certificate that browsers accept, for this very name.",
        OutboundRefusal.Redirected or OutboundRefusal.TooManyRedirects => "Redirects are followed within the domain only, over https, three at most; for the file between the name and www.",
        OutboundRefusal.AnswerTooLarge => "A page may have 512 KB, the file 1 KB.",
        _ => null,
    };
}
