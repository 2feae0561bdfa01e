using System.Net;
using Microsoft.AspNetCore.Diagnostics;

namespace TenantIdP.Demo.Pages;

/// <summary>
/// One of the demo's own web applications: plain http on a loopback port, its own settings (nothing is read from
/// the server's appsettings or from the environment), strict headers, one style sheet.
/// </summary>
internal static class LoopbackSite
{
    public const string StylesheetPath = "/demo.css";

    // Redirects that follow a form post are checked against form-action as well, and a sign-in crosses three hosts.
    private const string ContentSecurityPolicy =
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self' http://localhost:* http://127.0.0.1:*; frame-ancestors 'none'; base-uri 'none'";

    private const int MaxRequestBody = 64 * 1024;

    private static readonly Lazy<string> Stylesheet = new(ReadStylesheet);

    public static WebApplicationBuilder CreateBuilder(Uri address)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxRequestBody;
            kestrel.Listen(IPAddress.Loopback, address.Port);
        });
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddSimpleConsole(console => console.SingleLine = true);
        // A port that is taken is reported once, in a sentence, by whoever starts the site.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.Services.AddRouting();
        builder.Services.AddSingleton(TimeProvider.System);
        return builder;
    }

    /// <summary>Call first: host check, headers, error page and the style sheet of a site.</summary>
    public static void UseLoopbackSite(this WebApplication site, string brand)
    {
        site.UseExceptionHandler(new ExceptionHandlerOptions
        {
            StatusCodeSelector = exception => exception is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status500InternalServerError,
            ExceptionHandler = context => Page
                .Failure(brand, "That did not work", "The request could not be completed. Go back and try it again.", "Back to the start", "/", context.Response.StatusCode)
                .ExecuteAsync(context),
        });
        site.Use(HardenAsync);
        site.UseRouting();
        site.MapGet(StylesheetPath, () => TypedResults.Text(Stylesheet.Value, "text/css; charset=utf-8"));
    }

    private static Task HardenAsync(HttpContext context, RequestDelegate next)
    {
        // A page that shows development secrets must not be readable through a foreign name that resolves here.
        if (!IsLoopbackName(context.Request.Host.Host))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return Task.CompletedTask;
        }

        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        // Not "no-referrer": that would turn the Origin of our own form posts into "null".
        headers["Referrer-Policy"] = "same-origin";
        headers.CacheControl = context.Request.Path == StylesheetPath ? "max-age=60" : "no-store";
        return next(context);
    }

    private static bool IsLoopbackName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static string ReadStylesheet()
    {
        using var stream = typeof(LoopbackSite).Assembly.GetManifestResourceStream("demo.css")
            ?? throw new InvalidOperationException("demo.css is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
