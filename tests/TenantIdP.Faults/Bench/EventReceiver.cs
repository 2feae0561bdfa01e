using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace TenantIdP.Faults.Bench;

/// <summary>An application that is sent webhooks and counts them.</summary>
internal sealed class EventReceiver : IAsyncDisposable
{
    private readonly WebApplication app;

    private EventReceiver(WebApplication app) => this.app = app;

    public string Address { get; private set; } = "";

    /// <summary>How often each <c>webhook-id</c> came.</summary>
    public ConcurrentDictionary<string, int> Told { get; } = new();

    /// <summary>Deliveries whose body was of another event than their id says.</summary>
    public ConcurrentQueue<string> Mistaken { get; } = new();

    public static async Task<EventReceiver> StartAsync(CancellationToken ct)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var receiver = new EventReceiver(app);
        app.Run(receiver.TakeAsync);
        await app.StartAsync(ct);
        receiver.Address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/events"; // Kestrel has it once started
        return receiver;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext http)
    {
        var (id, body) = (http.Request.Headers["webhook-id"].ToString(), await JsonNode.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted));
        if ((string?)body?["data"]?["id"] != id) Mistaken.Enqueue(id);
        Told.AddOrUpdate(id, 1, static (_, times) => times + 1);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}
