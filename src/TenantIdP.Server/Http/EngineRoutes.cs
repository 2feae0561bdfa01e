using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;

namespace TenantIdP.Server.Http;

/// <summary>
/// Names the addresses that the engine answers by itself, before routing, so that metrics and traces know them by <c>http.route</c> as they know every other. A fixed list:
/// what strangers send must not become a series.
/// </summary>
internal sealed class EngineRoutes(RequestDelegate next)
{
    private static readonly HashSet<string> Routes = new(StringComparer.Ordinal)
    {
        "/connect/token", "/connect/userinfo", "/connect/introspect", "/connect/revoke", "/connect/par", "/connect/device",
        "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/jwks",
    };

    public Task InvokeAsync(HttpContext context)
    {
        if (context.Request.Path.Value is { } path && Routes.Contains(path))
        {
            context.Features.Get<IHttpMetricsTagsFeature>()?.Tags.Add(new("http.route", path));
            if (Activity.Current is { IsAllDataRequested: true } activity) activity.SetTag("http.route", path).DisplayName = $"{context.Request.Method} {path}";
        }

        return next(context);
    }
}
