using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Http;

/// <summary>
/// Answers for the issuer's own host only, and makes every link that is built further in come out as the issuer's: neither Host nor any forwarded header can put another
/// origin into a mail, a redirect URI or a metadata document (SECURITY.md B2). Behind a proxy that ends TLS the scheme is the issuer's too.
/// </summary>
internal sealed class PublicOrigin(RequestDelegate next, IssuerOptions issuer, ILogger<PublicOrigin> logger)
{
    private readonly Uri origin = new(issuer.Issuer);

    public async Task InvokeAsync(HttpContext context)
    {
        // Probes come by address.
        if (!context.Request.Path.StartsWithSegments("/health") && !Failures.IsTelling(context) && !IsOf(context.Request.Host, origin))
        {
            Log.ForeignHost(logger, RequestTrace.Of(context));
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        context.Request.Scheme = origin.Scheme;
        context.Request.Host = origin.IsDefaultPort ? new HostString(origin.Host) : new HostString(origin.Host, origin.Port);
        await next(context);
    }

    public static bool IsOf(HostString host, Uri origin) =>
        string.Equals(host.Host, origin.Host, StringComparison.OrdinalIgnoreCase) && (host.Port is { } port ? port == origin.Port : origin.IsDefaultPort);
}
