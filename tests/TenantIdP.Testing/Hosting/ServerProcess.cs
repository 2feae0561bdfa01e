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

    public bool HasExited => process.HasExited;

    /// <summary>Known once <see cref="HasExited"/>.</summary>
    public int ExitCode => process.ExitCode;

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
    public static ServerProcess Start(IReadOnlyDictionary<string, string?> settings, string environment = "Development", string? configuration = null) =>
        Start([Program(configuration)], settings, environment);

    /// <summary>The server as it was built, with these tests unless another configuration is named.</summary>
    public static string Program(string? configuration = null)
    {
        return Path.Combine(Root(), "src", "TenantIdP.Server", "bin", configuration ?? BuiltConfiguration, "net10.0", "TenantIdP.Server.dll");
    }

    /// <summary>Debug or Release, as these tests were built.</summary>
    public static string BuiltConfiguration => typeof(ServerProcess).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration; // set by the SDK

    /// <summary>Any other program that takes <c>--urls</c>.</summary>
    /// <param name="under">A command that becomes the program (nice, unshare), with its arguments.</param>
    public static ServerProcess Start(IEnumerable<string> program, IReadOnlyDictionary<string, string?> settings, string environment = "Development", IReadOnlyList<string>? under = null)
    {
        var address = $"http://127.0.0.1:{FreePort()}";
        string[] command = [.. under ?? [], "dotnet", .. program, "--urls", address, "--environment", environment];
        var start = new ProcessStartInfo(command[0], command[1..]);
        foreach (var (key, value) in settings) start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        return new ServerProcess(start, address);
    }

    /// <summary>Until the path answers 200; throws with what the process said when it ends before or takes too long.</summary>
    public async Task ReadyAsync(CancellationToken ct, string? host = null, string path = "/health/ready")
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(TimeSpan.FromMinutes(4)); // a machine that others use, too
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

    /// <summary>As a supervisor does first: SIGTERM. It may take its time; <see cref="ExitAsync"/> says when it is done.</summary>
    public Task TerminateAsync(CancellationToken ct) => SignalAsync("TERM", ct);

    /// <param name="signal">Such as STOP and CONT.</param>
    public async Task SignalAsync(string signal, CancellationToken ct)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(ct);
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

    /// <summary>The checkout that this program was built in.</summary>
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
