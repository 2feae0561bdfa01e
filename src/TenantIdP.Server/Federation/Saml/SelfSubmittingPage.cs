using System.Text.Encodings.Web;
using TenantIdP.Saml.Bindings;
using TenantIdP.Server.Http;
using TenantIdP.Server.Theming;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>A page whose form a browser posts by itself, or a person by its button. The one page of ours with a script; that is an asset and knows nothing.</summary>
internal sealed class SelfSubmittingPage(Theme theme)
{
    /// <param name="to">Whom the person goes on to.</param>
    public Task WriteAsync(HttpContext context, PostForm form, string to)
    {
        if (context.Features.Get<FormTargets>() is { } targets) targets.SubmitsItself = true;
        context.Response.ContentType = "text/html; charset=utf-8";
        return context.Response.WriteAsync(Html(form, to), context.RequestAborted);
    }

    private string Html(PostForm form, string to)
    {
        var fields = string.Concat(form.Fields.Select(f => $"<input type=\"hidden\" name=\"{Text(f.Key)}\" value=\"{Text(f.Value)}\">\n"));
        return $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="robots" content="noindex">
            <title>Continue</title>
            <link rel="icon" href="{theme.LogoPath}" type="image/svg+xml">
            <link rel="stylesheet" href="{theme.CssPath}">
            <script src="{theme.SubmitPath}" defer></script>
            </head>
            <body>
            <div class="sheet">
            <header class="brand"><img src="{theme.LogoPath}" alt="" width="40" height="40"></header>
            <main id="main">
            <h1>Continue to <bdi>{Text(to)}</bdi></h1>
            <form method="post" action="{Text(form.Destination)}">
            {fields}<button class="primary" type="submit">Continue</button>
            </form>
            </main>
            </div>
            </body>
            </html>
            """;
    }

    private static string Text(string text) => HtmlEncoder.Default.Encode(text);
}
