using TenantIdP.Demo.Idp;
using TenantIdP.Demo.Map;
using TenantIdP.Demo.SamlIdp;
using TenantIdP.Demo.SampleApp;

namespace TenantIdP.Demo;

/// <summary>Everything that runs, started in the order in which one needs the other, and stopped the other way round. The state folder exists already.</summary>
public sealed class DemoHost : IAsyncDisposable
{
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(60);

    private readonly Stack<IAsyncDisposable> _running = new();

    private DemoHost(WebApplication server) => Server = server;

    private WebApplication Server { get; }

    public static async Task<DemoHost> StartAsync(DemoUniverse universe, string stateFolder, CancellationToken ct)
    {
        var host = new DemoHost(DemoServer.Build(universe, stateFolder));
        try
        {
            await host.StartAllAsync(universe, stateFolder, ct);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary><c>plan</c>, <c>apply</c> and <c>export</c> of the server, on the demo's store; beside the running demo or without it.</summary>
    public static Task<int> RunCommandAsync(string[] command, DemoUniverse universe, string stateFolder, TextWriter answer, TextWriter error, CancellationToken ct) =>
        DemoServer.RunCommandAsync(command, universe, stateFolder, answer, error, ct);

    public Task WaitForShutdownAsync(CancellationToken ct) => Server.WaitForShutdownAsync(ct);

    public async ValueTask DisposeAsync()
    {
        while (_running.TryPop(out var site))
            await site.DisposeAsync();
    }

    private async Task StartAllAsync(DemoUniverse universe, string stateFolder, CancellationToken ct)
    {
        var dns = Dns.DnsSandbox.Start(universe.Hosts.Dns);
        _running.Push(dns);
        foreach (var idp in universe.OidcProviders())
            _running.Push(await DemoIdp.StartAsync(idp, TimeProvider.System, ct));

        var samlIdps = new Dictionary<Uri, DemoSamlIdp>();
        foreach (var options in universe.SamlProviders(stateFolder))
        {
            var idp = await DemoSamlIdp.StartAsync(options, TimeProvider.System, ct);
            _running.Push(idp);
            samlIdps[options.Url] = idp;
        }

        await RunAsync(Server, ct);
        await HealthProbe.WaitAsync(new Uri(universe.Hosts.Issuer, "/health/ready"), ReadyWithin, ct);
        var seed = await DemoSeeding.RunAsync(Server.Services, universe, samlIdps, ct);

        await RunAsync(LedgerlineApp.Build(AppOptions(universe, seed)), ct);
        // Last: a map that answers says that the rest does.
        await RunAsync(DemoMap.Build(universe, seed, new Dns.DnsPages(dns, Server.Services, universe.Hosts)), ct);
    }

    private async Task RunAsync(WebApplication site, CancellationToken ct)
    {
        _running.Push(site);
        await site.StartAsync(ct);
    }

    private static LedgerlineOptions AppOptions(DemoUniverse universe, DemoSeed seed) => new()
    {
        Url = universe.Hosts.App,
        Issuer = universe.Hosts.Issuer,
        ClientId = DemoUniverse.AppClientId,
        ClientSecret = DemoUniverse.AppClientSecret,
        ApiIdentifier = universe.Api.Identifier,
        WebhookSecret = seed.WebhookSecret,
        Map = universe.Hosts.Map,
    };
}
