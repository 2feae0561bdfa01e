using System.Diagnostics;
using System.Globalization;
using TenantIdP.Testing.Hosting;

namespace TenantIdP.Benchmarks;

/// <summary>
/// One node, then two on the same PostgreSQL, each pinned to one core. Where client and database share those cores, the requests per second say little; what a request costs a
/// node says whether the second one makes the first dearer. Capacity is the number of nodes divided by that.
/// </summary>
internal sealed class TwoNodesRun(IdpHost host, Sizes sizes)
{
    private sealed record Run(double PerSecond, double App, double Database);

    public async Task RunAsync()
    {
        var ct = CancellationToken.None;
        var user = await host.CreateUserAsync($"jane@{host.UniqueHost()}", ct);
        var organization = await host.CreateOrganizationAsync(ct);
        await host.AddMemberAsync(organization, user, ct);
        var registration = (await host.CreateAppAsync(ct)).App;
        var (browser, _) = await host.SignedInAsync(user, ct);
        var cookie = browser.Cookies.GetCookieHeader(new Uri(host.Issuer));
        Console.WriteLine("### Two nodes");
        Console.WriteLine();
        Console.WriteLine($"| operation | requests/s one, two (x) | CPU-ms app+db one | two | capacity of two (goal 1.8) |");
        Console.WriteLine("|---|---|---|---|---|");

        await using var first = await StartAsync(0);
        await using var second = await StartAsync(1 % Environment.ProcessorCount);
        await CompareAsync("client credentials", [first, second], node => ClientOf(node, IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), (client, _) => client.ClientCredentialsAsync());

        var families = new string[2 * Load.Workers];
        using (var any = ClientOf(first, registration.ClientId, registration.Secret!, registration.RedirectUri)) // an app with a secret
        {
            for (var i = 0; i < families.Length; i++) families[i] = await any.AuthorizeAsync(cookie, organization.Id.ToString());
        }

        await CompareAsync("refresh", [first, second], node => ClientOf(node, registration.ClientId, registration.Secret!, registration.RedirectUri), async (client, worker) => families[worker] = await client.RefreshAsync(families[worker])); // as above
        Console.WriteLine();
    }

    private async Task CompareAsync(string operation, ServerProcess[] nodes, Func<ServerProcess, Client> clientOf, Func<Client, int, Task> act)
    {
        var one = await MeasureAsync(nodes[..1], clientOf, act);
        var two = await MeasureAsync(nodes, clientOf, act);
        Console.WriteLine(
            $"| {operation} | {one.PerSecond:F0}, {two.PerSecond:F0} ({two.PerSecond / one.PerSecond:F2}) | {one.App:F2}+{one.Database:F2} | {two.App:F2}+{two.Database:F2} | {2 * one.App / two.App:F2} |");
    }

    private async Task<Run> MeasureAsync(ServerProcess[] nodes, Func<ServerProcess, Client> clientOf, Func<Client, int, Task> act)
    {
        var clients = nodes.Select(clientOf).ToArray();
        var runs = new List<Run>();
        await LoadAsync(clients, sizes.WarmUp * nodes.Length, act);
        for (var i = 0; i < sizes.Batches; i++)
        {
            var (operations, postmaster) = (sizes.Batch * nodes.Length, Cpu.PostmasterOf(host.Store.Settings));
            var before = nodes.Select(n => new Cpu(() => n.Cpu, postmaster).Seconds).ToArray();
            var since = Stopwatch.StartNew();
            await LoadAsync(clients, operations, act);
            var took = since.Elapsed.TotalSeconds;
            var after = nodes.Select(n => new Cpu(() => n.Cpu, postmaster).Seconds).ToArray();
            runs.Add(new Run(operations / took, after.Zip(before, (a, b) => a.App - b.App).Sum() * 1000 / operations, (after[0].Database - before[0].Database) * 1000 / operations));
        }

        foreach (var client in clients) client.Dispose();
        return runs.OrderBy(r => r.App).ElementAt(runs.Count / 2);
    }

    /// <summary>The workers of each node share its part, so neither waits for the other.</summary>
    private static Task LoadAsync(Client[] clients, int operations, Func<Client, int, Task> act) => Task.WhenAll(clients.Select(async (client, node) =>
    {
        var left = operations / clients.Length;
        await Task.WhenAll(Enumerable.Range(node * Load.Workers, Load.Workers).Select(worker => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0) await act(client, worker);
        })));
    }));

    private async Task<ServerProcess> StartAsync(int core)
    {
        var server = ServerProcess.Start(new Dictionary<string, string?>(host.Store.Settings) { ["TenantIdP:Issuer"] = host.Issuer, ["Logging:LogLevel:Default"] = "Warning" });
        await server.ReadyAsync(CancellationToken.None, new Uri(host.Issuer).Authority);
        using var pin = Process.Start(new ProcessStartInfo("taskset", ["--all-tasks", "--cpu-list", "--pid", core.ToString(CultureInfo.InvariantCulture), server.Id.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true })
            ?? throw new InvalidOperationException("No taskset.");
        await pin.WaitForExitAsync();
        return pin.ExitCode == 0 ? server : throw new InvalidOperationException("The node can't be pinned to a core.");
    }

    private Client ClientOf(ServerProcess server, string id, string secret, string redirect) => new(server.Address, new Uri(host.Issuer).Authority, id, secret, redirect);
}
