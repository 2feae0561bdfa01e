using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TenantIdP.Demo.Dns;

/// <summary>A TXT record of the sandbox.</summary>
internal sealed record DnsRecord(string Name, string Value);

/// <summary>
/// The DNS of the demo: a server of names on a UDP port of loopback (RFC 1035) that knows the TXT records which the page adds, and nothing else. TenantIdP asks it as it asks any resolver.
/// </summary>
internal sealed class DnsSandbox : IAsyncDisposable
{
    /// <summary>One string of a record (RFC 1035 section 3.3).</summary>
    public const int MaxValue = 255;

    private const int MaxRecords = 100;
    private const int HeaderLength = 12;
    private const int Txt = 16;

    private readonly UdpClient socket;
    private readonly CancellationTokenSource ended = new();
    private readonly Lock turn = new();
    private readonly List<DnsRecord> records = [];
    private readonly Task serving;

    private DnsSandbox(UdpClient socket)
    {
        this.socket = socket;
        serving = ServeAsync();
    }

    public IReadOnlyList<DnsRecord> Records
    {
        get
        {
            lock (turn) return [.. records];
        }
    }

    /// <exception cref="IOException">The port is taken.</exception>
    public static DnsSandbox Start(IPEndPoint address)
    {
        try
        {
            return new DnsSandbox(new UdpClient(address));
        }
        catch (SocketException taken)
        {
            throw new IOException($"The address {address} of the demo's DNS is in use.", taken);
        }
    }

    /// <returns>False when it is no name and value that the sandbox can keep.</returns>
    public bool Add(DnsRecord record)
    {
        if (record.Value.Length is 0 or > MaxValue || !record.Value.All(char.IsAscii) || record.Name.Length is 0 or > 253 || record.Name.Split('.').Any(label => label.Length is 0 or > 63 || !label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))) return false;
        var kept = record with { Name = record.Name.ToLowerInvariant() };
        lock (turn)
        {
            if (records.Contains(kept)) return true;
            if (records.Count >= MaxRecords) return false;
            records.Add(kept);
            return true;
        }
    }

    public void Remove(DnsRecord record)
    {
        lock (turn) records.Remove(record);
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await serving;
        socket.Dispose();
        ended.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!ended.IsCancellationRequested)
        {
            try
            {
                var question = await socket.ReceiveAsync(ended.Token);
                if (Answer(question.Buffer) is { } answer) await socket.SendAsync(answer, question.RemoteEndPoint, ended.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // Somebody who asked is gone; the next one may be there.
            }
        }
    }

    /// <returns>Null for what is no question.</returns>
    private byte[]? Answer(byte[] question)
    {
        if (question.Length < HeaderLength || (question[2] & 0x80) != 0 || BinaryPrimitives.ReadUInt16BigEndian(question.AsSpan(4)) != 1) return null;
        var (name, end) = ReadName(question);
        if (name is null || end + 4 > question.Length) return null;
        List<DnsRecord> known;
        lock (turn) known = [.. records.Where(r => r.Name == name)];
        var isThere = known.Count > 0 || Records.Any(r => r.Name.EndsWith("." + name, StringComparison.Ordinal));
        var wanted = BinaryPrimitives.ReadUInt16BigEndian(question.AsSpan(end)) == Txt ? known : [];

        var answer = new List<byte>(question.AsSpan(0, end + 4).ToArray());
        (answer[2], answer[3]) = ((byte)(0x84 | (question[2] & 0x01)), (byte)(0x80 | (isThere ? 0 : 3))); // an answer of authority; NXDOMAIN
        (answer[6], answer[7]) = (0, (byte)wanted.Count);
        for (var i = 8; i < HeaderLength; i++) answer[i] = 0;
        foreach (var value in wanted.Select(r => Encoding.ASCII.GetBytes(r.Value))) answer.AddRange([0xC0, HeaderLength, 0, Txt, 0, 1, 0, 0, 0, 1, (byte)((value.Length + 1) >> 8), (byte)(value.Length + 1), (byte)value.Length, .. value]);
        if (wanted.Sum(r => r.Value.Length + 16) <= 1_200) return [.. answer];
        (answer[2], answer[7]) = ((byte)(answer[2] | 0x02), 0); // truncated: more than a datagram carries
        return [.. answer.Take(end + 4)];
    }

    private static (string? Name, int End) ReadName(byte[] question)
    {
        var labels = new List<string>();
        var at = HeaderLength;
        while (at < question.Length && question[at] is var length && length != 0)
        {
            if (length > 63 || at + 1 + length > question.Length) return (null, at);
            labels.Add(Encoding.ASCII.GetString(question, at + 1, length).ToLowerInvariant());
            at += 1 + length;
        }

        return at < question.Length ? (string.Join('.', labels), at + 1) : (null, at);
    }
}
