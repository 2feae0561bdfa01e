using System.Globalization;
using Microsoft.Net.Http.Headers;

namespace TenantIdP.Server.Http;

/// <summary>An operation that goes away: since when it is discouraged, when it ends, and what to read.</summary>
internal sealed record Deprecation(DateTimeOffset Since, DateTimeOffset Sunset, string Link);

public static class Deprecations
{
    /// <summary>Every answer says so (RFC 9745, RFC 8594), and so does the OpenAPI document.</summary>
    /// <param name="link">The page that says what to use instead.</param>
    public static TBuilder Deprecated<TBuilder>(this TBuilder endpoint, DateTimeOffset since, DateTimeOffset sunset, string link) where TBuilder : IEndpointConventionBuilder
    {
        if (sunset <= since) throw new ArgumentException("What goes away is discouraged before.", nameof(sunset));
        var deprecation = new Deprecation(since, sunset, link);
        endpoint.Add(built => built.Metadata.Add(deprecation));
        endpoint.Finally(built =>
        {
            if (built.RequestDelegate is not { } inner) return;
            built.RequestDelegate = context =>
            {
                var headers = context.Response.Headers;
                headers["Deprecation"] = $"@{deprecation.Since.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}";
                headers["Sunset"] = deprecation.Sunset.UtcDateTime.ToString("R", CultureInfo.InvariantCulture);
                headers.Append(HeaderNames.Link, $"<{deprecation.Link}>; rel=\"deprecation\"; type=\"text/html\"");
                return inner(context);
            };
        });
        return endpoint;
    }
}
