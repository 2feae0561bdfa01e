using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Nodes;

/// <summary>A process that is asked to end, as an orchestrator does.</summary>
[Trait("Fault", "R11")]
public abstract class ShutdownTests(TestStore store)
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(30);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_process_that_is_asked_to_end_says_so_first_finishes_what_it_has_begun_and_ends_well()
    {
        var settings = new Dictionary<string, string?>(store.Settings) { ["TenantIdP:Issuer"] = "http://localhost:5001", ["TenantIdP:Shutdown:DrainSeconds"] = "3" };
        await using var server = ServerProcess.Start(settings);
        await server.ReadyAsync(Ct, "localhost:5001");
        using var underWay = await BeginPostAsync(server);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });

        var since = Stopwatch.StartNew();
        using (var kill = Process.Start("kill", ["-TERM", $"{server.Id}"])) await kill.WaitForExitAsync(Ct);
        await Waiting.UntilAsync(async () => (await GetAsync(http, server, "/health/ready")).StatusCode == HttpStatusCode.ServiceUnavailable, Promised, "not ready", Ct);
        using var late = await GetAsync(http, server, "/.well-known/jwks");
        Assert.Equal(HttpStatusCode.OK, late.StatusCode); // it serves while it is still asked
        Assert.True(late.Headers.ConnectionClose);
        Assert.StartsWith("HTTP/1.1 401 ", await EndPostAsync(underWay), StringComparison.Ordinal); // a whole answer: there is no such client

        Assert.Equal(0, await server.ExitAsync(Ct).WaitAsync(Promised, Ct));
        Assert.True(since.Elapsed < Promised, $"It took {since.Elapsed}.");
        var now = TimeProvider.System.GetUtcNow().AddSeconds(1);
        Assert.Empty(await store.UseAsync(null, db => db.Leases.Where(l => l.ExpiresAt > now).Select(l => l.Name).ToListAsync(Ct)));
    }

    /// <summary>A request of which the last bytes are missing.</summary>
    private static async Task<TcpClient> BeginPostAsync(ServerProcess server)
    {
        var address = new Uri(server.Address);
        var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, Ct);
        const string Body = "grant_type=client_credentials&client_id=nobody&client_secret=x";
        var head = $"POST /connect/token HTTP/1.1\r\nHost: localhost:5001\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {Body.Length + 1}\r\n\r\n{Body}";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head), Ct);
        return client;
    }

    private static async Task<string> EndPostAsync(TcpClient client)
    {
        await client.GetStream().WriteAsync("y"u8.ToArray(), Ct);
        var buffer = new byte[4096];
        var read = await client.GetStream().ReadAsync(buffer, Ct);
        return Encoding.ASCII.GetString(buffer, 0, read);
    }

    private static async Task<HttpResponseMessage> GetAsync(HttpClient http, ServerProcess server, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Address + path);
        request.Headers.Host = "localhost:5001";
        return await http.SendAsync(request, Ct);
    }
}

public sealed class ShutdownOnSqlite(SqliteStore store) : ShutdownTests(store), IClassFixture<SqliteStore>;

[Trait("Store", "PostgreSql")]
public sealed class ShutdownOnPostgreSql(PostgreSqlStore store) : ShutdownTests(store), IClassFixture<PostgreSqlStore>;
