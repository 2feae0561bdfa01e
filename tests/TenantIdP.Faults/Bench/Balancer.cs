using System.Net;
using TenantIdP.Testing.Hosting;

namespace TenantIdP.Faults.Bench;

/// <summary>The nodes behind the issuer's address, asked for their readiness as load balancers ask.</summary>
internal sealed class NodeList : IAsyncDisposable
{
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromMilliseconds(250);

    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(2) };
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock changing = new();
    private readonly Task probing;
    private volatile (ServerProcess Process, bool IsReady)[] nodes = [];
    private int turn;

    public NodeList() => probing = ProbeAsync();

    public IReadOnlyList<ServerProcess> All => [.. nodes.Select(n => n.Process)];

    public void Add(ServerProcess node)
    {
        lock (changing) nodes = [.. nodes, (node, true)];
    }

    public void Remove(ServerProcess node)
    {
        lock (changing) nodes = [.. nodes.Where(n => n.Process != node)];
    }

    /// <summary>Round robin over those that are ready; when none is, over all, as proxies do rather than answer by themselves.</summary>
    public ServerProcess Next(ServerProcess? notThis = null)
    {
        var among = nodes.Where(n => n.IsReady && n.Process != notThis).ToArray();
        if (among.Length == 0) among = [.. nodes.Where(n => n.Process != notThis)];
        if (among.Length == 0) among = nodes;
        return among[(int)((uint)Interlocked.Increment(ref turn) % (uint)among.Length)].Process;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await probing;
        http.Dispose();
        stopping.Dispose();
    }

    private async Task ProbeAsync()
    {
        try
        {
            using var timer = new PeriodicTimer(ProbeEvery);
            while (await timer.WaitForNextTickAsync(stopping.Token))
            {
                var seen = await Task.WhenAll(nodes.Select(async n => (n.Process, IsReady: await IsReadyAsync(n.Process))));
                lock (changing) nodes = [.. nodes.Select(n => (n.Process, seen.FirstOrDefault(s => s.Process == n.Process, n).IsReady))];
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    private async Task<bool> IsReadyAsync(ServerProcess node)
    {
        try
        {
            using var answer = await http.GetAsync(node.Address + "/health/ready", stopping.Token);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception gone) when (gone is HttpRequestException or TaskCanceledException && !stopping.IsCancellationRequested)
        {
            return false;
        }
    }
}

/// <summary>
/// Sends what is meant for the issuer to the nodes in turn, and notes what came of it. Retries once, and only where no connection came about: whatever a node may have
/// begun is not begun twice.
/// </summary>
/// <param name="next">The node to ask; not the one given, when there is another.</param>
internal sealed class Balancer(Func<ServerProcess?, ServerProcess> next, Func<Recorder> recording, string issuer) : DelegatingHandler
{
    private readonly Uri origin = new(issuer);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri is not { } wanted || wanted.Authority != origin.Authority) return await base.SendAsync(request, cancellationToken);
        var recorder = recording();
        var (operation, at) = ($"{request.Method} {Shape(wanted.AbsolutePath)}", recorder.Now);
        request.Headers.Host = origin.Authority;
        var node = next(null);
        try
        {
            HttpResponseMessage response;
            try
            {
                response = await SendToAsync(node, wanted, request, cancellationToken);
            }
            catch (HttpRequestException refused) when (refused.HttpRequestError == HttpRequestError.ConnectionError)
            {
                recorder.CountRetry();
                response = await SendToAsync(next(node), wanted, request, cancellationToken);
            }

            recorder.Add(operation, at, response, null);
            return response;
        }
        catch (Exception cut) when (cut is HttpRequestException or IOException or OperationCanceledException)
        {
            recorder.Add(operation, at, null, cut is HttpRequestException { HttpRequestError: var error } ? error.ToString() : cut.GetType().Name);
            throw;
        }
    }

    private Task<HttpResponseMessage> SendToAsync(ServerProcess node, Uri wanted, HttpRequestMessage request, CancellationToken ct)
    {
        request.RequestUri = new Uri(node.Address + wanted.PathAndQuery);
        return base.SendAsync(request, ct);
    }

    /// <summary>Without the ids in it.</summary>
    private static string Shape(string path) => string.Join('/', path.Split('/').Select(part => part.Contains('_', StringComparison.Ordinal) && part.Length > 20 ? "*" : part));
}
