using System.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;

namespace TenantIdP.Demo.Pages;

/// <summary>The two shells of the demo's own sites: a single card, and a wide page under a bar.</summary>
internal static class Page
{
    // A page whose icon is inline asks the server for nothing but its style sheet.
    private const string Icon = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%233346d3'/%3E%3C/svg%3E";

    public static ContentHttpResult Card(string brand, string title, Html content, int status = StatusCodes.Status200OK) =>
        Document($"{title} · {brand}", status, Html.Of($"""
            <main class="sign-in">
              <p class="brand"><span class="mark" aria-hidden="true"></span>{brand}</p>
              <div class="card">
                <h1>{title}</h1>
                {content}
              </div>
            </main>
            """));

    public static ContentHttpResult Wide(string brand, string title, Html bar, Html content, int status = StatusCodes.Status200OK) =>
        Document($"{title} · {brand}", status, Html.Of($"""
            <a class="skip" href="#content">Skip to content</a>
            <header class="bar"><div class="within">
              <a class="brand" href="/"><span class="mark" aria-hidden="true"></span>{brand}</a>
              {bar}
            </div></header>
            <main class="within" id="content" tabindex="-1">{content}</main>
            """));

    public static ContentHttpResult Failure(string brand, string title, string sentence, string wayOn, string wayOnHref, int status, string? detail = null) =>
        Card(brand, title, Html.Of($"""
            <p>{sentence}</p>
            {Html.When(detail is not null, () => Html.Of($"<p class=\"muted\">{detail}</p>"))}
            <p><a class="button primary" href="{wayOnHref}">{wayOn}</a></p>
            <p class="trace">Trace <code>{Activity.Current?.TraceId.ToString() ?? "none"}</code></p>
            """), status);

    public static Html Alert(string kind, string sentence) => Html.Of($"""<p class="alert {kind}" role="status">{sentence}</p>""");

    private static ContentHttpResult Document(string title, int status, Html body)
    {
        var document = Html.Of($"""
            <!doctype html>
            <html lang="en">
            <head>
              <meta charset="utf-8">
              <meta name="viewport" content="width=device-width, initial-scale=1">
              <meta name="color-scheme" content="light dark">
              <title>{title}</title>
              <link rel="icon" href="{Icon}">
              <link rel="stylesheet" href="{LoopbackSite.StylesheetPath}">
            </head>
            <body>
            {body}
            </body>
            </html>
            """);
        return TypedResults.Content(document.ToString(), "text/html; charset=utf-8", statusCode: status);
    }
}
