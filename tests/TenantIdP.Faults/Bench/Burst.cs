using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using TenantIdP.Testing.Hosting;

namespace TenantIdP.Faults.Bench;

/// <param name="Text">Head and body as they came.</param>
internal sealed record RawAnswer(int Status, string Text)
{
    private static readonly Regex CodePattern = new("\"(?:code|error)\":\\s*\"([^\"]+)\"", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

    /// <summary>The stable code of a refusal.</summary>
    public string? Code => CodePattern.Match(Text) is { Success: true } match ? match.Groups[1].Value : null;
}

/// <summary>Sends many requests up to their last byte, and then all last bytes at once: as near to the same moment as a client can bring them.</summary>
internal static class Burst
{
    public sealed record Request(string Method, string Path, string? ContentType = null, string Body = "", string? Authorization = null, string? Header = null);

    /// <param name="meanwhile">Runs when all are sent but for the last byte.</param>
    public static async Task<IReadOnlyList<RawAnswer>> SendAsync(IReadOnlyList<ServerProcess> nodes, IReadOnlyList<Request> requests, CancellationToken ct, Func<Task>? meanwhile = null)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(Lengths.Patience);
        var waiting = new List<(TcpClient Client, byte Last)>();
        try
        {
            for (var i = 0; i < requests.Count; i++)
            {
                var address = new Uri(nodes[i % nodes.Count].Address);
                var client = new TcpClient { NoDelay = true };
                var bytes = Encode(requests[i]);
                waiting.Add((client, bytes[^1]));
                await client.ConnectAsync(address.Host, address.Port, patience.Token);
                await client.GetStream().WriteAsync(bytes.AsMemory(..^1), patience.Token);
            }

            if (meanwhile is not null) await meanwhile();
            await Task.WhenAll(waiting.Select(w => w.Client.GetStream().WriteAsync(new[] { w.Last }, patience.Token).AsTask()));
            return await Task.WhenAll(waiting.Select(w => ReadAsync(w.Client.GetStream(), patience.Token)));
        }
        finally
        {
            foreach (var (client, _) in waiting) client.Dispose();
        }
    }

    public static Task<IReadOnlyList<RawAnswer>> SendAsync(IReadOnlyList<ServerProcess> nodes, Request request, int times, CancellationToken ct) =>
        SendAsync(nodes, [.. Enumerable.Repeat(request, times)], ct);

    public static string Describe(IEnumerable<RawAnswer> answers) =>
        string.Join(", ", answers.GroupBy(a => $"{a.Status}{(a.Code is { } code ? " " + code : "")}").OrderByDescending(g => g.Count()).Select(g => $"{g.Count()} x {g.Key}"));

    private static byte[] Encode(Request request)
    {
        var head = new StringBuilder($"{request.Method} {request.Path} HTTP/1.1\r\nHost: {new Uri(Nodes.Issuer).Authority}\r\nConnection: close\r\nAccept: application/json\r\n");
        if (request.Authorization is { } authorization) head.Append("Authorization: ").Append(authorization).Append("\r\n");
        if (request.Header is { } header) head.Append(header).Append("\r\n");
        if (request.ContentType is { } type) head.Append("Content-Type: ").Append(type).Append("\r\nContent-Length: ").Append(Encoding.UTF8.GetByteCount(request.Body).ToString(CultureInfo.InvariantCulture)).Append("\r\n");
        return Encoding.UTF8.GetBytes(head.Append("\r\n").Append(request.Body).ToString());
    }

    private static async Task<RawAnswer> ReadAsync(NetworkStream stream, CancellationToken ct)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var text = await reader.ReadToEndAsync(ct);
        return text.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) && int.TryParse(text.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var status)
            ? new RawAnswer(status, text)
            : throw new InvalidOperationException($"No answer: {text}");
    }
}
