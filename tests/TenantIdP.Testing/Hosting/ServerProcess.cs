using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;

namespace TenantIdP.Testing.Hosting;

/// <summary>The server as an operator runs it: a process of its own, given its settings by environment variables, which can be killed.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly ConcurrentQueue<string> lines = new();
    private readonly string folder = Directory.CreateTempSubdirectory("tidp-server-").FullName;

    private ServerProcess(ProcessStartInfo start, string address)
    {
        Address = address;
        start.WorkingDirectory = folder;
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Said(line.Data);
        process.ErrorDataReceived += (_, line) => Said(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Where this process listens; its issuer may be another origin, as behind a load balancer.</summary>
    public string Address { get; }

    public int Id => process.Id;

    public string Output => string.Join('\n', lines);

    /// <summary>User and system time since the process started.</summary>
    public TimeSpan Cpu
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    public long ResidentBytes
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <param name="settings">As in configuration, with colons.</param>
    public static ServerProcess Start(IReadOnlyDictionary<string, string?> settings, string environment = "Development", string? configuration = null)
    {
        return Start([Program(configuration ?? BuiltConfiguration)], settings, environment);
    }

    /// <summary>Debug or Release, as these tests were built.</summary>
    public static string BuiltConfiguration => typeof(ServerProcess).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration; // set by the SDK

    /// <summary>The server as it was built.</summary>
    public static string Program(string configuration) => Path.Combine(Root(), "src", "TenantIdP.Server", "bin", configuration, "net10.0", "TenantIdP.Server.dll");

    /// <summary>Any other program that takes <c>--urls</c>.</summary>
    public static ServerProcess Start(IEnumerable<string> program, IReadOnlyDictionary<string, string?> settings, string environment = "Development")
    {
        var address = $"http://127.0.0.1:{FreePort()}";
        var start = new ProcessStartInfo("dotnet", [.. program, "--urls", address, "--environment", environment]);
        foreach (var (key, value) in settings) start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        return new ServerProcess(start, address);
    }

    /// <summary>Until the path answers 200; throws with what the process said when it ends before or takes too long.</summary>
    public async Task ReadyAsync(CancellationToken ct, string? host = null, string path = "/health/ready")
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(TimeSpan.FromSeconds(120));
        while (true)
        {
            if (process.HasExited) throw new InvalidOperationException($"Ended with {process.ExitCode}: {Output}");
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, Address + path);
                request.Headers.Host = host;
                using var response = await http.SendAsync(request, patience.Token);
                if (response.StatusCode == HttpStatusCode.OK) return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                throw new TimeoutException($"Not ready in time: {Output}");
            }

            await Task.Delay(20, ct);
        }
    }

    /// <summary>Until the process wrote a line with this text, or ended.</summary>
    public async Task SaysAsync(string text, CancellationToken ct)
    {
        while (!process.HasExited && !lines.Any(line => line.Contains(text, StringComparison.Ordinal))) await Task.Delay(1, ct);
    }

    public async Task<int> ExitAsync(CancellationToken ct)
    {
        await process.WaitForExitAsync(ct);
        return process.ExitCode;
    }

    /// <summary>As kill -9 does: nothing of it runs any more.</summary>
    public async Task KillAsync()
    {
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The checkout these programs were built from.</summary>
    public static string Root()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "TenantIdP.sln"))) return at.FullName;
        }

        throw new InvalidOperationException("TenantIdP.sln is not above this program.");
    }

    private void Said(string? line)
    {
        if (line is not null) lines.Enqueue(line);
    }
}
