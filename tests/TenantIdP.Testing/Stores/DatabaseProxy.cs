using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace TenantIdP.Testing.Stores;

/// <summary>The way of one host to PostgreSQL, which a test can cut without stopping the server that all tests share.</summary>
public sealed class DatabaseProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, byte> open = new();
    private readonly EndPoint target;
    private readonly Task accepting;
    private volatile bool isCut;

    public DatabaseProxy(string database)
    {
        var settings = new NpgsqlConnectionStringBuilder(database);
        var host = settings.Host ?? "127.0.0.1";
        target = host.StartsWith('/') ? new UnixDomainSocketEndPoint($"{host}/.s.PGSQL.{settings.Port}") : new DnsEndPoint(host, settings.Port);
        listener.Start();
        (settings.Host, settings.Port) = ("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port);
        ConnectionString = settings.ConnectionString;
        accepting = AcceptAsync();
    }

    /// <summary>Leads through here.</summary>
    public string ConnectionString { get; }

    /// <summary>Ends what is open and lets nobody through, as when the server stops.</summary>
    public void Cut()
    {
        isCut = true;
        foreach (var socket in open.Keys) socket.Dispose();
    }

    public void Restore() => isCut = false;

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        Cut();
        await accepting;
        listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = CarryAsync(await listener.AcceptSocketAsync());
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task CarryAsync(Socket near)
    {
        using var far = new Socket(target.AddressFamily == AddressFamily.Unspecified ? AddressFamily.InterNetwork : target.AddressFamily, SocketType.Stream, target is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp);
        using (near)
        {
            (open[near], open[far]) = (0, 0);
            try
            {
                if (isCut) return;
                await far.ConnectAsync(target);
                if (isCut) return; // cut while it was connecting
                await Task.WhenAny(CopyAsync(near, far), CopyAsync(far, near));
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
            {
                // Cut, or one of them hung up.
            }
            finally
            {
                open.TryRemove(near, out _);
                open.TryRemove(far, out _);
            }
        }
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var read)
            {
                for (var sent = 0; sent < read;) sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // The other direction ends with this one.
        }
    }
}

/// <summary>A database of its own, and a way to it that can be cut.</summary>
public sealed class CutOffStore(PostgreSqlCluster cluster) : TestStore
{
    private string? made;
    private DatabaseProxy? proxy;

    public DatabaseProxy Proxy => proxy ?? throw new InvalidOperationException("The store has no database yet.");

    protected override string Provider => "PostgreSql";

    public override async Task<string> NewDatabaseAsync(CancellationToken ct)
    {
        made = await cluster.CreateDatabaseAsync(ct);
        proxy = new DatabaseProxy(made);
        return proxy.ConnectionString;
    }

    protected override async Task DropAsync()
    {
        if (proxy is not null) await proxy.DisposeAsync();
        if (made is not null) await cluster.DropDatabaseAsync(made, CancellationToken.None);
    }
}
