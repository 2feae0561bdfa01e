using System.Net.Sockets;
using System.Text;
using Xunit;

namespace TenantIdP.Tests.Observability;

/// <summary>Requests that no client library would send.</summary>
internal static class HostileRequests
{
    /// <summary>What would forge a line, or fill the disk, if it were written as it came.</summary>
    public static async Task SendAsync(Uri server, string canary, CancellationToken ct)
    {
        string[] requests =
        [
            $"GET /signin?error={canary}%0d%0ainfo:%20forged%1b[31m HTTP/1.1\r\nHost: {{0}}\r\nConnection: close\r\n\r\n",
            $"GET /nowhere/{canary}%0a%0dforged HTTP/1.1\r\nHost: {{0}}\r\nConnection: close\r\n\r\n",
            $"GET / HTTP/1.1\r\nHost: {{0}}\r\nUser-Agent: {canary} {new string('u', 40_000)}\r\nConnection: close\r\n\r\n",
            $"GET / HTTP/1.1\r\nHost: {{0}}\r\nUser-Agent: {canary}{new string('u', 1_000_000)}\r\nConnection: close\r\n\r\n",
            $"GET / HTTP/1.1\r\nHost: {{0}}\r\nUser-Agent: {canary}\u001b[31m\r\nConnection: close\r\n\r\n",
            $"GET / HTTP/1.1\r\nHost: {canary}.example\r\nX-Forwarded-For: {canary}\r\nConnection: close\r\n\r\n",
            $"{canary} / HTTP/1.1\r\nHost: {{0}}\r\nConnection: close\r\n\r\n",
            $"POST /connect/token HTTP/1.1\r\nHost: {{0}}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60\r\nConnection: close\r\n\r\ngrant_type={canary}%0a&client_id={canary}%1b%5b31m&x=1111111111",
            "GET /last-of-the-flows HTTP/1.1\r\nHost: {0}\r\nConnection: close\r\n\r\n",
        ];
        foreach (var request in requests)
        {
            using var client = new TcpClient("127.0.0.1", server.Port);
            await using var stream = client.GetStream();
            try
            {
                await stream.WriteAsync(Encoding.Latin1.GetBytes(request.Replace("{0}", server.Authority, StringComparison.Ordinal)), ct);
                var answer = new byte[64];
                await stream.ReadAtLeastAsync(answer, 12, throwOnEndOfStream: false, ct);
                Assert.DoesNotContain(" 50", Encoding.ASCII.GetString(answer, 0, 12), StringComparison.Ordinal);
            }
            catch (IOException)
            {
                // Closed in the middle of what it refused.
            }
        }
    }
}
