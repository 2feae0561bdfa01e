using System.Text.Json;
using TenantIdP.Client;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.SampleApp;

/// <summary>Receives the webhooks of one organization, as any application would, and shows the latest of them as they come.</summary>
internal sealed class WebhookInspector(LedgerlineOptions options, TimeProvider clock)
{
    public const string ReceivingPath = "/webhooks/tenantidp";
    public const string PagePath = "/webhooks";

    private const string ScriptPath = "/live.js";
    private const int Shown = 50;

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly Lazy<string> Script = new(ReadScript);

    private readonly Lock turn = new();
    private readonly LinkedList<Received> latest = new();

    private sealed record Received(TenantIdPWebhook Webhook, DateTimeOffset At);

    public static void Map(WebApplication app, string secret)
    {
        app.MapTenantIdPWebhook(ReceivingPath, secret, static (webhook, context) =>
        {
            context.RequestServices.GetRequiredService<WebhookInspector>().Add(webhook);
            return Task.CompletedTask;
        });
        app.MapGet(PagePath, static (HttpContext context, WebhookInspector inspector) =>
        {
            // The page asks for itself again; without scripts it is reloaded by hand.
            context.Response.Headers.ContentSecurityPolicy = $"{context.Response.Headers.ContentSecurityPolicy}; script-src 'self'; connect-src 'self'";
            return inspector.Page();
        });
        app.MapGet(ScriptPath, static () => TypedResults.Text(Script.Value, "text/javascript; charset=utf-8"));
    }

    private void Add(TenantIdPWebhook webhook)
    {
        lock (turn)
        {
            latest.AddFirst(new Received(webhook, clock.GetUtcNow()));
            if (latest.Count > Shown) latest.RemoveLast();
        }
    }

    private IResult Page()
    {
        List<Received> shown;
        lock (turn) shown = [.. latest];
        return Pages.Page.Wide("Ledgerline", "Webhooks", Html.Of($"""<nav aria-label="Main"><a href="/">Overview</a><a href="{PagePath}" aria-current="page">Webhooks</a><a href="{options.Map}">Demo map</a></nav>"""), Html.Of($"""
            <div class="title">
              <div><h1>Webhooks of Acme</h1><p class="muted">What happens at Acme arrives here within seconds, signed. Sign in as somebody of Acme, or change a member, and look.</p></div>
              <a class="button" href="{PagePath}">Reload</a>
            </div>
            <div id="live" aria-live="polite">{(shown.Count == 0 ? Html.Of($"""<p class="muted">Nothing has come since the demo was started.</p>""") : Html.Join(shown.Select(Card)))}</div>
            <script src="{ScriptPath}" defer></script>
            """));
    }

    private static Html Card(Received received)
    {
        var (webhook, at) = received;
        return Html.Of($"""
            <section class="card" aria-label="{webhook.Type} {webhook.Id}">
              <h2>{webhook.Type}</h2>
              <p class="muted small">{at.ToString("HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture)} UTC · signature verified · webhook-id <code class="all">{webhook.Id}</code></p>
              <details><summary>Event</summary><pre tabindex="0" role="region" aria-label="{webhook.Type}, event {webhook.Id}">{JsonSerializer.Serialize(webhook.Data, Readable)}</pre></details>
            </section>
            """);
    }

    private static string ReadScript()
    {
        using var stream = typeof(WebhookInspector).Assembly.GetManifestResourceStream("live.js") ?? throw new InvalidOperationException("live.js is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
