using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace TenantIdP.Tests.Tokens;

/// <summary>An app's back channel that keeps what arrives and answers as a test says.</summary>
internal sealed class LogoutReceiver : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly SemaphoreSlim arrived = new(0);
    private readonly ConcurrentQueue<string> tokens = new();

    private LogoutReceiver(WebApplication app, string address) => (this.app, Address) = (app, address);

    public string Address { get; }

    /// <summary>The status of the answer to the arrival of this number, from 1 on; 200 unless told otherwise.</summary>
    public Func<int, int> Answer { get; set; } = _ => StatusCodes.Status200OK;

    public IReadOnlyList<string> Tokens => [.. tokens];

    public static async Task<LogoutReceiver> StartAsync(CancellationToken ct)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var address = $"http://127.0.0.1:{FreePort()}";
        builder.WebHost.UseUrls(address);
        var receiver = new LogoutReceiver(builder.Build(), address + "/logout");
        receiver.app.MapPost("/logout", async (HttpRequest request) =>
        {
            receiver.tokens.Enqueue((await request.ReadFormAsync(request.HttpContext.RequestAborted))["logout_token"].ToString());
            receiver.arrived.Release();
            return Results.StatusCode(receiver.Answer(receiver.tokens.Count));
        });
        await receiver.app.StartAsync(ct);
        return receiver;
    }

    /// <summary>The next that arrives within the bound.</summary>
    public async Task<string> NextAsync(TimeSpan bound, CancellationToken ct) =>
        await arrived.WaitAsync(bound, ct) ? Tokens[^1] : throw new TimeoutException($"No logout token in {bound}.");

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
        arrived.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
