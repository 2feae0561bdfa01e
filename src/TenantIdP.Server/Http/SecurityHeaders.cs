using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Http;

/// <summary>The headers that every answer carries, errors and assets included.</summary>
internal sealed class SecurityHeaders(RequestDelegate next, IssuerOptions issuer)
{
    private const string Policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https:";

    // Chromium applies form-action to the whole redirect chain after a form post, which ends at an app or an upstream.
    private readonly string contentSecurityPolicy = issuer.IsDevelopmentLoopback ? Policy + " http://127.0.0.1:* http://localhost:*" : Policy;
    private readonly bool secure = issuer.Issuer.StartsWith("https://", StringComparison.Ordinal);

    public Task InvokeAsync(HttpContext context)
    {
        var targets = new FormTargets();
        context.Features.Set(targets);
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            headers.ContentSecurityPolicy = context.Features.Get<ForeignDocument>() is null ? contentSecurityPolicy + targets : ForeignDocument.Policy;
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
            headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()";
            if (secure) headers.StrictTransportSecurity = "max-age=31536000; includeSubDomains";
            if (RequestKind.IsForPeople(context.Request.Path))
            {
                headers["Cross-Origin-Resource-Policy"] = "same-origin";
                headers.CacheControl = "no-store";
            }

            return Task.CompletedTask;
        });
        return next(context);
    }
}

/// <summary>Further places where the form of this page may end: the redirect URIs of a native app, which are a custom scheme or loopback http.</summary>
internal sealed class FormTargets
{
    private readonly HashSet<string> sources = [];

    /// <summary>The page has a form that our own script posts.</summary>
    public bool SubmitsItself { get; set; }

    public void Allow(IEnumerable<string> redirectUris)
    {
        foreach (var text in redirectUris)
        {
            if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme == "https") continue;
            sources.Add(uri.Scheme == "http" ? $"http://{uri.Host}:*" : $"{uri.Scheme}:");
        }
    }

    public override string ToString() => (sources.Count == 0 ? "" : " " + string.Join(' ', sources)) + (SubmitsItself ? "; script-src 'self'" : "");
}

/// <summary>The answer is a document that is not a page of ours: it is shown in an origin of its own, in which nothing runs and nothing is fetched.</summary>
internal sealed class ForeignDocument
{
    public const string Policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; sandbox";
}
