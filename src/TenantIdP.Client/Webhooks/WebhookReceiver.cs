using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace TenantIdP.Client.Webhooks;

/// <summary>Reads the body as it came, judges it before anything parses it, and hands it on once.</summary>
internal sealed class WebhookReceiver(string path, IReadOnlyCollection<string> secrets, Func<TenantIdPWebhook, HttpContext, Task> handle)
{
    /// <summary>An event has a few kilobytes.</summary>
    public const int MaxBody = 256 * 1024;

    private const string BusySeconds = "10";

    private readonly Lock once = new();
    private IReceivedWebhooks? own;

    public async Task ReceiveAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.StatusCode = await AnswerAsync(context);
    }

    private async Task<int> AnswerAsync(HttpContext context)
    {
        var ct = context.RequestAborted;
        if (await ReadAsync(context.Request, ct) is not { } body) return StatusCodes.Status413PayloadTooLarge;
        var clock = context.RequestServices.GetService<TimeProvider>() ?? TimeProvider.System;
        var id = One(context.Request, "webhook-id");
        var verdict = WebhookSignature.Verify(secrets, id, One(context.Request, "webhook-timestamp"), One(context.Request, "webhook-signature"), body, clock.GetUtcNow());
        if (verdict != WebhookVerdict.Valid) return Refuse(context, verdict);
        if (Parse(id!, body) is not { } webhook) return Refuse(context, WebhookVerdict.Malformed); // a valid one has an id

        var received = context.RequestServices.GetService<IReceivedWebhooks>() ?? Own(clock);
        var key = $"{path} {id}";
        switch (await received.ClaimAsync(key, ct))
        {
            case WebhookClaim.Done:
                return StatusCodes.Status204NoContent;
            case WebhookClaim.UnderWay:
                // Not a success yet: should the handler fail, somebody must send it again.
                context.Response.Headers.RetryAfter = BusySeconds;
                return StatusCodes.Status503ServiceUnavailable;
        }

        var handled = false;
        try
        {
            await handle(webhook, context);
            handled = true;
        }
        finally
        {
            await received.FinishAsync(key, handled);
        }

        return StatusCodes.Status204NoContent;
    }

    private static int Refuse(HttpContext context, WebhookVerdict verdict)
    {
        if (context.RequestServices.GetService<ILoggerFactory>() is { } logs) Log.WebhookRefused(logs.CreateLogger<WebhookReceiver>(), verdict);
        return verdict == WebhookVerdict.NotSigned ? StatusCodes.Status401Unauthorized : StatusCodes.Status400BadRequest;
    }

    // Twice the same header is nobody's: which of them would count?
    private static string? One(HttpRequest request, string header) => request.Headers[header] is [{ } value] ? value : null;

    private static TenantIdPWebhook? Parse(string id, byte[] body)
    {
        try
        {
            var root = JsonElement.Parse(body);
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
                && root.TryGetProperty("timestamp", out var timestamp) && timestamp.ValueKind == JsonValueKind.String && timestamp.TryGetDateTimeOffset(out var at) && root.TryGetProperty("data", out var data)
                ? new TenantIdPWebhook(id, type.GetString()!, at, data) // a string
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task<byte[]?> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        if (request.ContentLength > MaxBody) return null;
        using var kept = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await request.Body.ReadAsync(buffer, ct)) > 0)
        {
            if (kept.Length + read > MaxBody) return null;
            kept.Write(buffer, 0, read);
        }

        return kept.ToArray();
    }

    private IReceivedWebhooks Own(TimeProvider clock)
    {
        lock (once) return own ??= new ReceivedInMemory(clock);
    }
}
