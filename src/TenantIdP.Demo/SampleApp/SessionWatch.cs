using TenantIdP.Client;

namespace TenantIdP.Demo.SampleApp;

/// <summary>
/// An open page asks every two seconds whether its person is still signed in, and goes to the start when the login host has ended that. Without scripts it is so at the next
/// click: the session itself has ended either way.
/// </summary>
internal static class SessionWatch
{
    public const string Path = "/session";
    public const string ScriptPath = "/session.js";

    private const string Script = $$"""
        const watch = setInterval(async () => {
          try {
            const answer = await fetch("{{Path}}", { cache: "no-store", redirect: "manual" });
            if (answer.status !== 401) return;
            clearInterval(watch);
            location.replace("/?now=ended");
          } catch {
            // The application is away: ask again.
          }
        }, 2000);
        """;

    public static void MapSessionWatch(this WebApplication app)
    {
        app.MapGet(Path, (HttpContext context) => context.User.TenantIdP().UserId is null ? Results.StatusCode(StatusCodes.Status401Unauthorized) : Results.NoContent());
        app.MapGet(ScriptPath, () => TypedResults.Text(Script, "text/javascript; charset=utf-8"));
    }

    /// <summary>Scripts only from a file of this site, which may ask this site only.</summary>
    public static Task AllowAsync(HttpContext context, RequestDelegate next)
    {
        context.Response.Headers.ContentSecurityPolicy = $"{context.Response.Headers.ContentSecurityPolicy}; script-src 'self'; connect-src 'self'";
        return next(context);
    }
}
