using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using TenantIdP.Demo;
using Xunit;

namespace TenantIdP.Browser.Tests;

/// <summary>The demo as its one command starts it, in a process and a folder of its own.</summary>
public sealed class DemoProcess : IAsyncLifetime
{
    private static readonly TimeSpan StartsWithin = TimeSpan.FromMinutes(4);

    private readonly string folder = Directory.CreateTempSubdirectory("tenantidp-demo-").FullName;
    private readonly ConcurrentQueue<string> output = new();
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Process? process;

    public DemoHosts Hosts { get; } = new(FreePorts());

    public async ValueTask InitializeAsync()
    {
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "TenantIdP.Demo.dll"), "--port-base", $"{Hosts.PortBase}"]) start.ArgumentList.Add(argument);
        process = Process.Start(start) ?? throw new InvalidOperationException("dotnet did not start.");
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) => ready.TrySetException(new InvalidOperationException($"The demo ended: {Said()}"));
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Hear(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await ready.Task.WaitAsync(StartsWithin);
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }

        Directory.Delete(folder, recursive: true);
    }

    private void Hear(string? line)
    {
        if (line is null) return;
        output.Enqueue(line);
        // The last line of the banner: everything answers.
        if (line.Contains("Ctrl+C stops it.", StringComparison.Ordinal)) ready.TrySetResult();
    }

    private string Said() => string.Join('\n', output);

    /// <summary>The first of a row of free ports.</summary>
    private static int FreePorts()
    {
        for (var attempt = 0; attempt < 50; attempt++)
        {
            using var first = new TcpListener(IPAddress.Loopback, 0);
            first.Start();
            var from = ((IPEndPoint)first.LocalEndpoint).Port;
            if (from + DemoHosts.Count < 65_535 && Enumerable.Range(from + 1, DemoHosts.Count - 1).All(IsFree)) return from;
        }

        throw new InvalidOperationException("No row of free ports.");
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
