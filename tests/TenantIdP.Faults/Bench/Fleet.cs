using System.Net;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;

namespace TenantIdP.Faults.Bench;

/// <summary>Several server processes on one database behind one address, and clients of it.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    private readonly List<ServerProcess> ended = [];
    private readonly Invariants invariants;

    public Fleet(IReadOnlyDictionary<string, string?> settings)
    {
        Settings = settings;
        invariants = new Invariants(settings);
        Http = new HttpClient(Through(null)) { Timeout = TimeSpan.FromSeconds(60) };
        Operator = new Operator(Http, Nodes.Issuer);
    }

    /// <summary>Of every node.</summary>
    public IReadOnlyDictionary<string, string?> Settings { get; }

    public NodeList Running { get; } = new();

    /// <summary>Begun anew by each fault.</summary>
    public Recorder Recorder { get; private set; } = new();

    /// <summary>Without cookies or redirects, as an app's back channel.</summary>
    public HttpClient Http { get; }

    public Operator Operator { get; }

    public Task AssertInvariantsAsync(CancellationToken ct) => invariants.AssertAsync(ct);

    public Recorder Record() => Recorder = new Recorder();

    /// <param name="with">Settings of these nodes only.</param>
    /// <param name="program">Another build of the server.</param>
    /// <returns>The new nodes, ready.</returns>
    public async Task<IReadOnlyList<ServerProcess>> StartAsync(int nodes, CancellationToken ct, IReadOnlyDictionary<string, string?>? with = null, string? program = null)
    {
        var settings = new Dictionary<string, string?>(Settings);
        foreach (var (key, value) in with ?? new Dictionary<string, string?>()) settings[key] = value;
        var started = Enumerable.Range(0, nodes).Select(_ => ServerProcess.Start([program ?? ServerProcess.Program()], settings)).ToList();
        try
        {
            await Task.WhenAll(started.Select(node => node.ReadyAsync(ct)));
        }
        catch
        {
            foreach (var node in started) await node.DisposeAsync();
            throw;
        }

        foreach (var node in started) Running.Add(node);
        return started;
    }

    /// <summary>What has ended is not asked any more; its output is kept until the end.</summary>
    public void Forget(ServerProcess node)
    {
        Running.Remove(node);
        ended.Add(node);
    }

    /// <summary>To the nodes in turn, or to one of them only.</summary>
    public Balancer NewBalancer(ServerProcess? only = null) => new(not => only ?? Running.Next(not), () => Recorder, Nodes.Issuer);

    public WebBrowser NewBrowser(ServerProcess? only = null) => new(through: NewBalancer(only));

    public RelyingParty RelyingParty(TestApp app, HttpClient? http = null) => new(Nodes.Issuer, app, http ?? Http);

    /// <summary>A back channel to one node. The caller disposes it.</summary>
    public HttpClient At(ServerProcess node) => new(Through(node)) { Timeout = TimeSpan.FromSeconds(60) };

    public async ValueTask DisposeAsync()
    {
        var nodes = Running.All;
        await Running.DisposeAsync();
        await invariants.DisposeAsync();
        Http.Dispose();
        foreach (var node in nodes.Concat(ended)) await node.DisposeAsync();
    }

    private Balancer Through(ServerProcess? only)
    {
        var balancer = NewBalancer(only);
        balancer.InnerHandler = new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None };
        return balancer;
    }
}
