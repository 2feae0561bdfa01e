using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace TenantIdP.Testing.Hosting;

/// <summary>
/// Debian's nginx with the configuration that docs/operations ships, in front of server processes on loopback: only addresses and paths are other ones, and each of them
/// must have been there to be replaced. TLS by the script of certs-dev.
/// </summary>
public sealed class NginxProcess : IAsyncDisposable
{
    public const string Program = "/usr/sbin/nginx";

    private readonly Process process;
    private readonly ConcurrentQueue<string> lines = new();
    private readonly string folder;

    private NginxProcess(Process process, string folder, int port, X509Certificate2 authority)
    {
        (this.process, this.folder, Origin, Authority) = (process, folder, $"https://localhost:{port}", authority);
        process.OutputDataReceived += (_, line) => Said(line.Data);
        process.ErrorDataReceived += (_, line) => Said(line.Data);
    }

    /// <summary>Where clients come: the issuer.</summary>
    public string Origin { get; }

    /// <summary>What clients have to trust.</summary>
    public X509Certificate2 Authority { get; }

    public string Output => string.Join('\n', lines);

    /// <summary>A port for the issuer, which servers must know before the proxy knows them.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <param name="servers">Two addresses, such as <c>http://127.0.0.1:4711</c>.</param>
    public static async Task<NginxProcess> StartAsync(string root, int port, IReadOnlyList<string> servers, CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("tidp-nginx-").FullName;
        var certificates = Path.Combine(folder, "tls");
        Directory.CreateDirectory(certificates);
        File.Copy(Path.Combine(root, "certs-dev", "make.sh"), Path.Combine(certificates, "make.sh"));
        await RunAsync("bash", [Path.Combine(certificates, "make.sh")], ct);
        var configuration = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(configuration, Adapt(await File.ReadAllTextAsync(Path.Combine(root, "docs", "operations", "proxy", "nginx.conf"), ct), folder, certificates, port, servers), ct);
        // Its workers are another user.
        await RunAsync("chmod", ["711", folder], ct);

        await RunAsync(Program, ["-t", "-c", configuration], ct);
        var start = new ProcessStartInfo(Program, ["-c", configuration, "-g", "daemon off;"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        var process = new Process { StartInfo = start };
        var proxy = new NginxProcess(process, folder, port, X509CertificateLoader.LoadCertificateFromFile(Path.Combine(certificates, "ca.crt")));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return proxy;
    }

    /// <summary>Trusts the authority of this proxy and no other.</summary>
    public SocketsHttpHandler Handler(CookieContainer? cookies = null) => new()
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        UseCookies = cookies is not null,
        CookieContainer = cookies ?? new CookieContainer(),
        SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { Authority }, RevocationMode = X509RevocationMode.NoCheck },
        },
    };

    public async ValueTask DisposeAsync()
    {
        // The master ends its workers when it is told to, and not when it is killed.
        if (!process.HasExited) await RunAsync("kill", ["-QUIT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)], CancellationToken.None);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
        Authority.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static string Adapt(string text, string folder, string certificates, int port, IReadOnlyList<string> servers)
    {
        var (first, second) = (new Uri(servers[0]).Authority, new Uri(servers[1]).Authority);
        var temporary = string.Concat(new[] { "client_body", "proxy", "fastcgi", "uwsgi", "scgi" }.Select(kind => $"\n    {kind}_temp_path {folder}/{kind};"));
        (string From, string To)[] changes =
        [
            ("server server-1:8080 ", $"server {first} "), ("server server-2:8080 ", $"server {second} "), ("listen 443 ssl ", $"listen 127.0.0.1:{port} ssl "), ("listen 80 ", $"listen 127.0.0.1:{FreePort()} "),
            ("/etc/nginx/tls/tls.crt", $"{certificates}/localhost.crt"), ("/etc/nginx/tls/tls.key", $"{certificates}/localhost.key"), ("pid /tmp/nginx.pid;", $"pid {folder}/nginx.pid;"),
            ("worker_processes auto;", "worker_processes 1;"), ("http {", "http {" + temporary),
        ];
        foreach (var (from, to) in changes)
        {
            if (!text.Contains(from, StringComparison.Ordinal)) throw new InvalidOperationException($"nginx.conf has no \"{from}\" to replace.");
            text = text.Replace(from, to, StringComparison.Ordinal);
        }

        return text;
    }

    private static async Task RunAsync(string program, IEnumerable<string> arguments, CancellationToken ct)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true }) ?? throw new InvalidOperationException($"{program} did not start.");
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
        await process.WaitForExitAsync(ct);
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {await output}{await errors}");
    }

    private void Said(string? line)
    {
        if (line is not null) lines.Enqueue(line);
    }
}
