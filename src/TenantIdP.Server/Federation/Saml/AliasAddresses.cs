using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing.Patterns;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>
/// Takes a response that is posted to an address from before a migration (<see cref="AcsAlias"/>) to its connection's own. Only such a post passes under another host than
/// ours, and only to the one connection that has exactly this address.
/// </summary>
internal sealed class AliasAddresses(RequestDelegate next, ConnectionDirectory connections, IssuerOptions issuer, SamlOptions options, EndpointDataSource endpoints)
{
    private readonly Uri origin = new(issuer.Issuer);
    private readonly Lazy<HashSet<string>> ours = new(() => OwnSegments(endpoints));

    public async Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (HttpMethods.IsPost(request.Method) && request.HasFormContentType && !Failures.IsTelling(context) && MayBeAlias(request)
            && AddressOf(context) is { } address && await connections.FindAliasAsync(address, context.RequestAborted) is { } connection)
        {
            request.Host = origin.IsDefaultPort ? new HostString(origin.Host) : new HostString(origin.Host, origin.Port);
            request.Path = new Uri(SamlAddresses.Of(issuer.Issuer, connection).Acs).AbsolutePath;
        }

        await next(context);
    }

    /// <summary>At one of the hosts that lead here, or at our own where no page or endpoint of ours is.</summary>
    private bool MayBeAlias(HttpRequest request) =>
        options.AliasHosts.Contains(request.Host.Value, StringComparer.OrdinalIgnoreCase)
        || (PublicOrigin.IsOf(request.Host, origin) && !ours.Value.Contains(FirstSegment(request.Path.Value ?? "/")));

    /// <summary>As the identity provider was told it: what came, before anything decoded it.</summary>
    private string? AddressOf(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget.Split('?')[0];
        return target is { Length: > 1 and <= AcsAlias.MaxLength } && Uri.TryCreate($"{origin.Scheme}://{context.Request.Host.Value}{target}", UriKind.Absolute, out var uri) ? uri.AbsoluteUri : null;
    }

    private static HashSet<string> OwnSegments(EndpointDataSource endpoints) => new(
        endpoints.Endpoints.OfType<RouteEndpoint>().Select(e => e.RoutePattern.PathSegments is [{ Parts: [RoutePatternLiteralPart literal] }, ..] ? literal.Content : ""), StringComparer.OrdinalIgnoreCase);

    private static string FirstSegment(string path) => path.Split('/', 3) is [_, var first, ..] ? first : "";
}
