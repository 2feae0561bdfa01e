using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using TenantIdP.Server.Theming;

namespace TenantIdP.Server.Management;

/// <summary>
/// <c>/docs</c>: the OpenAPI document to read, made on the server. Viewers that run in the browser need scripts and inline styles, which the content security policy of the
/// login host refuses; the document itself is at <c>/openapi/v1.json</c> for any of them.
/// </summary>
internal static partial class DocumentPage
{
    private const string Path = "/docs";
    private const string StylePath = $"{Path}/style.css";

    private const string Style = """
        main { max-width: 60rem; }
        h2 { margin: 40px 0 8px; font-size: 1.25rem; }
        details { margin: 8px 0; padding: 8px 12px; border: 1px solid var(--line); border-radius: calc(var(--radius) * .6); }
        summary { cursor: pointer; }
        details > * + * { margin-top: 12px; }
        code, pre { font: .875rem/1.5 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
        pre { margin: 4px 0; padding: 8px 12px; overflow-x: auto; background: var(--raised); white-space: pre; }
        table { width: 100%; border-collapse: collapse; }
        th, td { padding: 4px 8px 4px 0; text-align: start; vertical-align: top; border-bottom: 1px solid var(--line); }
        .method { display: inline-block; min-width: 4.5rem; font-weight: 600; }
        """;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void MapDocumentPage(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, AnswerAsync).ExcludeFromDescription();
        routes.MapGet(StylePath, () => Results.Text(Style, "text/css; charset=utf-8")).ExcludeFromDescription();
    }

    private static async Task<IResult> AnswerAsync([FromKeyedServices("v1")] IOpenApiDocumentProvider provider, Theme theme, CancellationToken ct) =>
        Results.Text(Render(await provider.GetOpenApiDocumentAsync(ct), theme), "text/html; charset=utf-8");

    private static string Render(OpenApiDocument document, Theme theme)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{Text(document.Info.Title)}</title>
            <link rel="stylesheet" href="{theme.CssPath}"><link rel="stylesheet" href="{StylePath}"></head>
            <body><div class="sheet"><main>
            <h1>{Text(document.Info.Title)}</h1>
            <p>{Text(document.Info.Description)} For programs: <a href="/openapi/v1.json">/openapi/v1.json</a>.</p>
            """);
        var operations = document.Paths.SelectMany(path => (path.Value.Operations ?? []).Select(o => (Path: path.Key, Method: o.Key.Method, Operation: o.Value)));
        foreach (var tag in operations.GroupBy(o => o.Operation.Tags?.FirstOrDefault()?.Name ?? "Other"))
        {
            page.Append(CultureInfo.InvariantCulture, $"<h2>{Text(tag.Key)}</h2>\n");
            foreach (var (path, method, operation) in tag) Show(page, path, method, operation);
        }

        return page.Append("</main></div></body></html>").ToString();
    }

    private static void Show(StringBuilder page, string path, string method, OpenApiOperation operation)
    {
        page.Append(CultureInfo.InvariantCulture, $"<details id=\"{Text(operation.OperationId)}\"><summary><span class=\"method\">{Text(method.ToUpperInvariant())}</span> <code>{Text(path)}</code> {Text(operation.Summary)}</summary>\n");
        page.Append(CultureInfo.InvariantCulture, $"<p>{(operation.Deprecated ? "<strong>Deprecated.</strong> " : "")}{Text(operation.Description)}</p>\n");
        if (operation.Parameters is { Count: > 0 } parameters)
        {
            page.Append("<table><thead><tr><th>parameter</th><th>in</th><th>what it is</th></tr></thead><tbody>\n");
            foreach (var p in parameters) page.Append(CultureInfo.InvariantCulture, $"<tr><td><code>{Text(p.Name)}</code></td><td>{Text(p.In.ToString()?.ToLowerInvariant())}</td><td>{(p.Required ? "Required. " : "")}{Text(p.Description)}</td></tr>\n");
            page.Append("</tbody></table>\n");
        }

        if (ExampleOf(operation.RequestBody?.Content) is { } sent) page.Append(CultureInfo.InvariantCulture, $"<p>Request</p><pre>{Text(sent, code: false)}</pre>\n");
        page.Append("<table><thead><tr><th>status</th><th>answer</th></tr></thead><tbody>\n");
        foreach (var (status, answer) in (operation.Responses ?? []).OrderBy(r => r.Key, StringComparer.Ordinal))
        {
            var example = ExampleOf(answer.Content) is { } body ? $"<pre>{Text(body, code: false)}</pre>" : "";
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{Text(status)}</td><td>{Text(answer.Description)}{example}</td></tr>\n");
        }

        page.Append("</tbody></table></details>\n");
    }

    private static string? ExampleOf(IDictionary<string, OpenApiMediaType>? content) =>
        content is not null && content.TryGetValue("application/json", out var media) ? media.Example?.ToJsonString(Indented) : null;

    /// <param name="code">Text between backticks is code.</param>
    private static string Text(string? text, bool code = true)
    {
        var encoded = HtmlEncoder.Default.Encode(text ?? "");
        return code ? Backticks().Replace(encoded, "<code>$1</code>") : encoded;
    }

    // The encoder writes a backtick like this.
    [GeneratedRegex("&#x60;(.*?)&#x60;")]
    private static partial Regex Backticks();
}
