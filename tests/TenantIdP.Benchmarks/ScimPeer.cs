using System.Diagnostics;
using System.Text.Json.Nodes;
using Npgsql;
using TenantIdP.Testing.Hosting;

namespace TenantIdP.Benchmarks;

/// <summary>Another product's SCIM endpoint, a program of tests/interop/peers: asked by lines of JSON, called by HTTP.</summary>
internal sealed class ScimPeer : IAsyncDisposable
{
    private readonly Process process;

    private ScimPeer(string name, Process process) => (Name, this.process) = (name, process);

    public string Name { get; }

    public HttpClient Http { get; private set; } = new();

    public TimeSpan Cpu
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <param name="name">Of its program.</param>
    /// <param name="connectionString">To a database of its own, empty.</param>
    public static async Task<ScimPeer> StartAsync(string name, string connectionString)
    {
        var folder = Path.Combine(ServerProcess.Root(), "tests", "interop", "peers");
        if (!Directory.Exists(Path.Combine(folder, "node_modules"))) throw new InvalidOperationException("Run 'npm ci --ignore-scripts' in tests/interop/peers first.");
        var database = new NpgsqlConnectionStringBuilder(connectionString);
        var settings = new JsonObject { ["host"] = database.Host, ["user"] = database.Username, ["password"] = database.Password, ["database"] = database.Database };
        var start = new ProcessStartInfo("node", [$"{name}.mjs", settings.ToJsonString()]) { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["NODE_ENV"] = "production";
        foreach (var proxy in start.Environment.Keys.Where(k => k.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase) || k == "NODE_USE_ENV_PROXY").ToList()) start.Environment.Remove(proxy);
        var peer = new ScimPeer(name, Process.Start(start) ?? throw new InvalidOperationException("node did not start."));
        var answer = await peer.AskAsync("start");
        peer.Http = ScimRequests.ClientOf((string)answer["address"]!, (string)answer["token"]!);
        return peer;
    }

    public async Task<IReadOnlyList<string>> LoadAsync(int users) => [.. ((JsonArray)(await AskAsync("load", ("count", users)))["ids"]!).Select(id => (string)id!)]; // its program's answer

    public Task FillAsync(string group, IEnumerable<string> members) => AskAsync("fill", ("group", group), ("members", new JsonArray([.. members.Select(m => JsonValue.Create(m))])));

    public async Task<int> MembersAsync(string group) => (int)(await AskAsync("members", ("group", group)))["count"]!; // its program's answer

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private async Task<JsonObject> AskAsync(string what, params (string Name, JsonNode Value)[] given)
    {
        var question = new JsonObject { ["do"] = what };
        foreach (var (name, value) in given) question[name] = value;
        await process.StandardInput.WriteLineAsync(question.ToJsonString());
        await process.StandardInput.FlushAsync();
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(5)) ?? throw new InvalidOperationException($"{Name} has ended.");
        var answer = (JsonObject)JsonNode.Parse(line)!; // an object by lines.mjs
        return (bool?)answer["ok"] == true ? answer : throw new InvalidOperationException($"{Name}, {what}: {line}");
    }
}
