using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using TenantIdP.Server.Http.Outbound;
using Xunit;

namespace TenantIdP.Tests.Outbound;

/// <summary>The guarded client with names from a table, every dial recorded, and dials that only ever reach loopback.</summary>
internal sealed class TestClient : IDisposable
{
    private readonly SocketsHttpHandler _sockets;
    private readonly ILoggerFactory _logs;

    public TestClient(OutboundOptions options, Func<string, int, IPAddress[]> names, TimeProvider? time = null)
    {
        Resolver = new TableResolver(names);
        _logs = LoggerFactory.Create(logging => logging.AddProvider(Log));
        _sockets = OutboundHandler.Create(options, Resolver, DialAsync);
        // Servers of the tests have a certificate of their own; what is trusted is not what is tested here.
        _sockets.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=loopback";
        Http = new HttpClient(new OutboundGuard(options, time ?? TimeProvider.System, _logs.CreateLogger<OutboundGuard>()) { InnerHandler = _sockets })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public HttpClient Http { get; }

    public TableResolver Resolver { get; }

    public ConcurrentQueue<IPEndPoint> Dialled { get; } = new();

    public RecordingLog Log { get; } = new();

    public async Task<OutboundRefusedException> RefusedAsync(string url, OutboundRedirects redirects = OutboundRedirects.Refuse)
    {
        var request = Get(url, redirects);
        return await Assert.ThrowsAsync<OutboundRefusedException>(() => Http.SendAsync(request, TestContext.Current.CancellationToken));
    }

    public static HttpRequestMessage Get(string url, OutboundRedirects redirects = OutboundRedirects.Refuse, string? connection = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Options.Set(OutboundRequest.Redirects, redirects);
        if (connection is not null)
            request.Options.Set(OutboundRequest.Connection, connection);
        return request;
    }

    public void Dispose()
    {
        Http.Dispose();
        _logs.Dispose();
    }

    private async ValueTask<Stream> DialAsync(IPEndPoint endpoint, CancellationToken ct)
    {
        Dialled.Enqueue(endpoint);
        if (!IPAddress.IsLoopback(endpoint.Address))
            throw new SocketException((int)SocketError.NetworkUnreachable); // no test leaves the machine

        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(endpoint, ct);
        return new NetworkStream(socket, ownsSocket: true);
    }
}

internal sealed class TableResolver(Func<string, int, IPAddress[]> names) : IHostResolver
{
    private int _asked;

    public int Asked => _asked;

    public Task<IPAddress[]> ResolveAsync(string host, CancellationToken ct) => Task.FromResult(names(host, Interlocked.Increment(ref _asked)));
}

internal sealed class RecordingLog : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue(formatter(state, exception));

    public void Dispose()
    {
    }
}
