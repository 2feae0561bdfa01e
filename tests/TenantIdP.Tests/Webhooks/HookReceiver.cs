using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using TenantIdP.Client;
using TenantIdP.Tests.Outbound;

namespace TenantIdP.Tests.Webhooks;

/// <summary>What arrived at a receiver.</summary>
internal sealed record Hook(string Id, string Timestamp, string Signature, string Agent, string? ContentType, byte[] Body)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string Type => Json.GetProperty("type").GetString()!; // every one has it

    public string Target => Json.GetProperty("data").GetProperty("target").GetString()!; // as above

    public WebhookVerdict Verify(params string[] secrets) => WebhookSignature.Verify(secrets, Id, Timestamp, Signature, Body, TimeProvider.System.GetUtcNow());
}

/// <summary>A receiver on real Kestrel that answers as the test says.</summary>
internal sealed class HookReceiver : IAsyncDisposable
{
    private static readonly TimeSpan ArrivesWithin = TimeSpan.FromSeconds(30);

    private readonly Channel<Hook> arrived = Channel.CreateUnbounded<Hook>();
    private LoopbackServer server = null!; // set by StartAsync
    private int count;

    private HookReceiver()
    {
    }

    public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{server.Port}/hooks?key=in-the-query");

    /// <summary>How many came until now.</summary>
    public int Count => count;

    public Func<Hook, HttpContext, Task> Answer { get; set; } = static (_, context) => Task.FromResult(context.Response.StatusCode = StatusCodes.Status204NoContent);

    public static async Task<HookReceiver> StartAsync(CancellationToken ct, Func<Hook, HttpContext, Task>? answer = null)
    {
        var receiver = new HookReceiver();
        if (answer is not null) receiver.Answer = answer;
        receiver.server = await LoopbackServer.StartAsync(receiver.ReceiveAsync, ct, tls: false);
        return receiver;
    }

    /// <summary>The next that arrives, in their order.</summary>
    public async Task<Hook> NextAsync(CancellationToken ct)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(ct);
        bounded.CancelAfter(ArrivesWithin);
        return await arrived.Reader.ReadAsync(bounded.Token);
    }

    /// <summary>The next of a type, past others.</summary>
    public async Task<Hook> NextAsync(Func<Hook, bool> wanted, CancellationToken ct)
    {
        while (true)
        {
            if (await NextAsync(ct) is var hook && wanted(hook)) return hook;
        }
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var headers = context.Request.Headers;
        var hook = new Hook(headers["webhook-id"].ToString(), headers["webhook-timestamp"].ToString(), headers["webhook-signature"].ToString(), headers.UserAgent.ToString(), context.Request.ContentType, body.ToArray());
        Interlocked.Increment(ref count);
        await arrived.Writer.WriteAsync(hook, context.RequestAborted);
        await Answer(hook, context);
    }
}
