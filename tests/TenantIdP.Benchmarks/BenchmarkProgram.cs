using System.Globalization;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;

namespace TenantIdP.Benchmarks;

/// <summary>CPU per operation of the server as a process, beside a bare OpenIddict in the same run. Prints Markdown; progress goes to standard error.</summary>
internal static class BenchmarkProgram
{
    private static readonly string[] Stores = ["sqlite", "postgresql"];

    public static async Task<int> Main(string[] args)
    {
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        if (args is ["bare", ..]) return await BareHost.RunAsync(args[1..]);
        if (args is ["floor", ..]) return await FloorHost.RunAsync(args[1..]);
        if (args is ["saml"])
        {
            await SamlRun.RunAsync(Root());
            return 0;
        }

        if (args.FirstOrDefault(a => a is not ("--quick" or "management" or "checks" or "realm" or "scim" or "scim-peers" or "sqlite-load" or "two-nodes") && !Stores.Contains(a)) is { } unknown)
        {
            await Console.Error.WriteLineAsync($"{unknown} is unknown. Use: [--quick] [management | checks | realm | scim] [sqlite] [postgresql], [--quick] sqlite-load, [--quick] two-nodes, [--quick] scim-peers, or saml");
            return 1;
        }

        // What hosts log would stand between the tables; the processes that are measured inherit it.
        Environment.SetEnvironmentVariable("Logging__Console__LogLevel__Default", "None");
        var sizes = args.Contains("--quick") ? Sizes.Quick : Sizes.Full;
        var cluster = new PostgreSqlCluster();
        try
        {
            if (args.Contains("sqlite-load"))
            {
                await using var host = new SqliteIdp();
                await host.InitializeAsync();
                await new SqliteLoadRun(host, sizes).RunAsync();
                return 0;
            }

            if (args.Contains("scim-peers"))
            {
                await using var host = new PostgreSqlIdp(cluster);
                await host.InitializeAsync();
                await new ScimPeersRun(host, cluster, sizes).RunAsync();
                return 0;
            }

            if (args.Contains("two-nodes"))
            {
                await using var host = new PostgreSqlIdp(cluster);
                await host.InitializeAsync();
                await new TwoNodesRun(host, sizes).RunAsync();
                return 0;
            }

            foreach (var name in Stores.Where(s => args.Contains(s) || !args.Any(Stores.Contains)))
            {
                await using IdpHost host = name == "sqlite" ? new SqliteIdp() : new PostgreSqlIdp(cluster);
                await host.InitializeAsync();
                if (args.Contains("realm"))
                {
                    var realm = new RealmRun(host, sizes);
                    await realm.RunAsync();
                    Print(name == "sqlite" ? "SQLite" : "PostgreSQL", "one statement by hand", realm.Figures);
                    continue;
                }

                if (args.Contains("management") || args.Contains("checks"))
                {
                    var management = new ManagementRun(host, sizes, onlyChecks: args.Contains("checks"));
                    await management.RunAsync();
                    Print(name == "sqlite" ? "SQLite" : "PostgreSQL", "one join by hand", management.Figures);
                    continue;
                }

                if (args.Contains("scim"))
                {
                    var scim = new ScimRun(host, sizes);
                    await scim.RunAsync();
                    Print(name == "sqlite" ? "SQLite" : "PostgreSQL", "", scim.Figures);
                    continue;
                }

                var run = new StoreRun(host, sizes);
                await run.RunAsync(await BareRun.RunAsync(host.Store, sizes));
                Print(name == "sqlite" ? "SQLite" : "PostgreSQL", "bare OpenIddict", run.Figures);
                PrintStarts(run);
            }
        }
        finally
        {
            await cluster.DisposeAsync();
        }

        return 0;
    }

    private static string Root()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "TenantIdP.sln"))) return folder;
        }

        throw new InvalidOperationException("Run it from a checkout.");
    }

    private static void Print(string store, string beside, IEnumerable<(string Operation, Figure Ours, Figure? Floor)> figures)
    {
        Console.WriteLine($"### {store}");
        Console.WriteLine();
        Console.WriteLine($"| operation | CPU-ms app+db | p50, p99 ms | {beside}, app+db | ratio |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var (operation, ours, floor) in figures)
        {
            var compared = floor is null ? "| | |" : $"| {floor.App:F2}+{floor.Database:F2} | {ours.Both / floor.Both:F2} |";
            Console.WriteLine($"| {operation} | {ours.App:F2}+{ours.Database:F2} | {ours.Wall:F1}{(ours.Tail > 0 ? $", {ours.Tail:F1}" : "")} {compared}");
        }

        Console.WriteLine();
    }

    private static void PrintStarts(StoreRun run)
    {
        Console.WriteLine("| organizations | start to first 200, CPU-s | resident then, MB |");
        Console.WriteLine("|---|---|---|");
        foreach (var (organizations, start) in run.Starts) Console.WriteLine($"| {organizations:N0} | {start.Cpu:F2} | {start.Megabytes:F0} |");
        Console.WriteLine();
    }
}
