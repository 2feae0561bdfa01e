using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Tests.Tokens;

/// <summary>The address at which an app publishes its keys; counts who asks.</summary>
internal sealed class KeyPublisher : IAsyncDisposable
{
    private readonly WebApplication app;
    private int asked;

    private KeyPublisher(WebApplication app, string address) => (this.app, Address) = (app, address);

    public string Address { get; }

    public int Asked => Volatile.Read(ref asked);

    public static async Task<KeyPublisher> StartAsync(AppKeySet keys, CancellationToken ct)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var address = $"http://127.0.0.1:{FreePort()}";
        builder.WebHost.UseUrls(address);
        var publisher = new KeyPublisher(builder.Build(), address + "/jwks");
        publisher.app.MapGet("/jwks", () =>
        {
            Interlocked.Increment(ref publisher.asked);
            return Results.Text(JsonSerializer.Serialize(keys, JsonText.Options), "application/jwk-set+json");
        });
        await publisher.app.StartAsync(ct);
        return publisher;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
