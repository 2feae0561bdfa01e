using Microsoft.AspNetCore.Http;
using TenantIdP.Engine.OpenIddict.Stores;

namespace TenantIdP.Engine.OpenIddict.Endpoints;

/// <summary>
/// Lets single-page apps read the answers they need: discovery and keys from anywhere, tokens and userinfo from the origins their registration lists. Never with cookies.
/// </summary>
public sealed class CrossOrigin(RequestDelegate next, AppOrigins origins)
{
    private static readonly PathString[] Public = ["/.well-known"];
    private static readonly PathString[] ForApps = ["/connect/token", "/connect/userinfo", "/connect/revoke"];

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
        else if (await origins.ContainsAsync(session, origin, context.RequestAborted)) headers.AccessControlAllowOrigin = origin;

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
}
