using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Engine.OpenIddict.Stores;

namespace TenantIdP.Engine.OpenIddict.Endpoints;

/// <summary>
/// Lets single-page apps read the answers they need: discovery and keys from anywhere, tokens and userinfo from the origins their registration lists. Never with cookies.
/// </summary>
public sealed class CrossOrigin(RequestDelegate next, TimeProvider clock)
{
    private const int Limit = 1_000;

    private static readonly PathString[] Public = ["/.well-known"];
    private static readonly PathString[] ForApps = ["/connect/token", "/connect/userinfo", "/connect/revoke"];

    private readonly ConcurrentDictionary<string, (bool Allowed, long ReadAt)> origins = new(StringComparer.Ordinal);

    public async Task InvokeAsync(HttpContext context, OidcSession session)
    {
        string? origin = context.Request.Headers.Origin;
        var isPublic = Array.Exists(Public, path => context.Request.Path.StartsWithSegments(path));
        var isForApps = Array.Exists(ForApps, path => context.Request.Path == path);
        if (string.IsNullOrEmpty(origin) || !(isPublic || isForApps))
        {
            await next(context);
            return;
        }

        var headers = context.Response.Headers;
        headers.Vary = "Origin";
        if (isPublic) headers.AccessControlAllowOrigin = "*";
        else if (await IsRegisteredAsync(session, origin, context.RequestAborted)) headers.AccessControlAllowOrigin = origin;

        if (!HttpMethods.IsOptions(context.Request.Method) || string.IsNullOrEmpty(context.Request.Headers.AccessControlRequestMethod))
        {
            await next(context);
            return;
        }

        headers.AccessControlAllowMethods = "GET, POST";
        headers.AccessControlAllowHeaders = "authorization, content-type";
        headers.AccessControlMaxAge = "600";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async ValueTask<bool> IsRegisteredAsync(OidcSession session, string origin, CancellationToken ct)
    {
        if (origin.Length > 300) return false;
        if (origins.TryGetValue(origin, out var kept) && clock.GetElapsedTime(kept.ReadAt) < AppCache.Lifetime) return kept.Allowed;

        var readAt = clock.GetTimestamp();

        // The column narrows the search; the registration itself decides.
        var quoted = $"\"{origin}\"";
        var candidates = await session.Db.Applications.AsNoTracking().Where(a => a.Description.Contains(quoted)).ToListAsync(ct);
        var allowed = candidates.Any(row => AppRegistry.ToApp(row).AllowedOrigins.Contains(origin));
        if (origins.Count >= Limit) origins.Clear();
        origins[origin] = (allowed, readAt);
        return allowed;
    }
}
