using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TenantIdP.Tests.Interop;

/// <summary>A program of tests/interop: asked and answered by lines of JSON, ended with the test.</summary>
internal sealed class NodeProgram : IAsyncDisposable
{
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromSeconds(30);

    private readonly Process process;
    private readonly ConcurrentQueue<string> errors = new();

    private NodeProgram(Process process) => this.process = process;

    public static NodeProgram Start(string script, JsonObject settings)
    {
        var folder = Folder();
        if (!Directory.Exists(Path.Combine(folder, "node_modules"))) throw new InvalidOperationException($"Run 'npm ci' in {folder} first; tests/run.sh does.");
        var start = new ProcessStartInfo("node") { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(script);
        start.ArgumentList.Add(settings.ToJsonString());
        // Their servers and ours are on loopback: whatever proxy the machine uses is not for them.
        foreach (var name in start.Environment.Keys.Where(k => k.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase) || k == "NODE_USE_ENV_PROXY").ToList()) start.Environment.Remove(name);
        var program = new NodeProgram(Process.Start(start) ?? throw new InvalidOperationException("node did not start."));
        program.process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is { } text) program.errors.Enqueue(text);
        };
        program.process.BeginErrorReadLine();
        return program;
    }

    /// <summary>What the program answers; a refusal is an answer with <c>ok</c> false.</summary>
    public async Task<JsonObject> AskAsync(string what, CancellationToken ct, params (string Name, string? Value)[] given)
    {
        var question = new JsonObject { ["do"] = what };
        foreach (var (name, value) in given)
        {
            if (value is not null) question[name] = value;
        }

        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(ct);
        bounded.CancelAfter(AnswersWithin);
        string? line = null;
        try
        {
            await process.StandardInput.WriteLineAsync(question.ToJsonString().AsMemory(), bounded.Token);
            await process.StandardInput.FlushAsync(bounded.Token);
            line = await process.StandardOutput.ReadLineAsync(bounded.Token);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            // Told below, with what the program said about it.
        }

        return line is not null
            ? JsonSerializer.Deserialize<JsonObject>(line)! // an object by lines.mjs
            : throw new InvalidOperationException($"The program did not answer '{what}'. It said: {string.Join('\n', errors)}");
    }

    /// <summary>As <see cref="AskAsync"/>, when anything but success fails the test.</summary>
    public async Task<JsonObject> DoAsync(string what, CancellationToken ct, params (string Name, string? Value)[] given)
    {
        var answer = await AskAsync(what, ct, given);
        return (bool?)answer["ok"] == true ? answer : throw new InvalidOperationException($"{what}: {answer.ToJsonString()}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync(CancellationToken.None);
        process.Dispose();
    }

    /// <summary>Where the programs and their configuration are.</summary>
    public static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "TenantIdP.sln"))) return Path.Combine(folder.FullName, "tests", "interop");
        }

        throw new InvalidOperationException("The tests run from a build inside the repository.");
    }
}
