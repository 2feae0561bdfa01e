using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace TenantIdP.Testing.Hosting;

/// <summary>Debian's Knot DNS on a port of loopback, authoritative for the zones that a test gives it; it refuses other names, and fails for a zone without a file.</summary>
public sealed class DnsServer : IAsyncDisposable
{
    public const string Program = "/usr/sbin/knotd";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process process;
    private readonly string folder;

    private DnsServer(Process process, string folder, int port) => (this.process, this.folder, Port) = (process, folder, port);

    public int Port { get; }

    /// <summary>As the setting of the resolvers wants it.</summary>
    public string Address => $"127.0.0.1:{Port}";

    /// <param name="zones">The records of each zone, without its SOA; null for a zone that can't be served.</param>
    public static async Task<DnsServer> StartAsync(IReadOnlyDictionary<string, string?> zones, CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("tidp-knot-").FullName;
        var port = FreePort();
        var settings = $"server:\n    rundir: {folder}\n    listen: 127.0.0.1@{port}\nlog:\n  - target: stderr\n    any: error\ndatabase:\n    storage: {folder}/db\ncontrol:\n    listen: {folder}/knot.sock\nzone:\n";
        foreach (var (zone, records) in zones)
        {
            settings += $"  - domain: {zone}\n    storage: {folder}\n    file: {zone}.zone\n    zonefile-sync: -1\n    journal-content: none\n";
            if (records is not null) await File.WriteAllTextAsync(Path.Combine(folder, zone + ".zone"), Zone(zone, records, 1), ct);
        }

        var file = Path.Combine(folder, "knot.conf");
        await File.WriteAllTextAsync(file, settings, ct);
        var process = Process.Start(new ProcessStartInfo(Program, ["-c", file]) { RedirectStandardError = true, RedirectStandardOutput = true }) ?? throw new InvalidOperationException($"{Program} did not start.");
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        var server = new DnsServer(process, folder, port);
        await Waiting.UntilAsync(() => server.AnswersAsync(zones.Keys.First(), ct), Patience, "the DNS server answers", ct);
        return server;
    }

    /// <summary>Replaces the records of a zone.</summary>
    public async Task PublishAsync(string zone, string records, CancellationToken ct)
    {
        await File.WriteAllTextAsync(Path.Combine(folder, zone + ".zone"), Zone(zone, records, (int)(Stopwatch.GetTimestamp() / 1_000_000 % int.MaxValue)), ct);
        using var control = Process.Start(new ProcessStartInfo("/usr/sbin/knotc", ["-b", "-s", Path.Combine(folder, "knot.sock"), "zone-reload", zone]) { RedirectStandardOutput = true, RedirectStandardError = true })!; // the program is there
        var (said, wrong) = (control.StandardOutput.ReadToEndAsync(ct), control.StandardError.ReadToEndAsync(ct));
        await control.WaitForExitAsync(ct);
        if (control.ExitCode != 0) throw new InvalidOperationException($"knotc: {await said}{await wrong}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync(CancellationToken.None);
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static string Zone(string zone, string records, int serial) => $"$ORIGIN {zone}.\n$TTL 1\n@ SOA ns hostmaster {serial} 3600 600 86400 1\n@ NS ns\nns A 127.0.0.1\n{records}\n";

    // A question by hand: SOA of a zone, and whether anything comes back.
    private async Task<bool> AnswersAsync(string zone, CancellationToken ct)
    {
        using var client = new UdpClient(AddressFamily.InterNetwork);
        client.Connect(IPAddress.Loopback, Port);
        byte[] question = [0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. zone.Split('.').SelectMany(label => new[] { (byte)label.Length }.Concat(System.Text.Encoding.ASCII.GetBytes(label))), 0, 0, 6, 0, 1];
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromMilliseconds(500));
        try
        {
            await client.SendAsync(question, limit.Token);
            var answer = await client.ReceiveAsync(limit.Token);
            return answer.Buffer is [0x12, 0x34, ..];
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException)
        {
            ct.ThrowIfCancellationRequested();
            return false;
        }
    }

    private static int FreePort()
    {
        // Free for both: a server of names listens on UDP and TCP.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var udp = new UdpClient(new IPEndPoint(IPAddress.Loopback, port));
        return port;
    }
}
