using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Faults.Bench;

/// <summary>Faults of the nodes: three of them on one PostgreSQL, which the classes of this collection share and do no harm to.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class NodeBenchCollection : ICollectionFixture<NodeBench>
{
    public const string Name = "Nodes";
}

/// <summary>Each of these classes has a database of its own to stop or to fill; they run one after the other, because each measures time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class StoreBenchCollection
{
    public const string Name = "Stores";
}

/// <summary>Nodes on a PostgreSQL of their own.</summary>
public abstract class PostgreSqlBench(Figures figures, int nodes) : IAsyncLifetime
{
    private Fleet? fleet;
    private World? world;
    private DatabaseServer? server;

    public Figures Figures => figures;

    internal Fleet Fleet => fleet ?? throw new InvalidOperationException("The bench has not started.");

    internal World World => world ?? throw new InvalidOperationException("The bench has not started.");

    internal DatabaseServer Server => server ?? throw new InvalidOperationException("The bench has not started.");

    internal string Database => Fleet.Settings["ConnectionStrings:TenantIdP"]!; // set below

    public async ValueTask InitializeAsync()
    {
        var ct = TestContext.Current.CancellationToken;
        server = await DatabaseServer.StartNewAsync(ct);
        fleet = new Fleet(Nodes.OfBench("PostgreSql", await server.CreateDatabaseAsync(ct)));
        await fleet.StartAsync(nodes, ct);
        world = await World.MakeAsync(fleet, 12, ct);
    }

    public async ValueTask DisposeAsync()
    {
        if (fleet is not null) await fleet.DisposeAsync();
        if (server is not null) await server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>As many ready nodes as there were, whatever the fault before did to them.</summary>
    internal async Task RefillAsync(CancellationToken ct)
    {
        foreach (var gone in Fleet.Running.All.Where(n => n.HasExited).ToList()) Fleet.Forget(gone);
        if (Fleet.Running.All.Count < nodes) await Fleet.StartAsync(nodes - Fleet.Running.All.Count, ct);
        await Task.WhenAll(Fleet.Running.All.Select(node => node.ReadyAsync(ct)));
    }

    internal Task AssertInvariantsAsync(CancellationToken ct) => Fleet.AssertInvariantsAsync(ct);
}

public sealed class NodeBench(Figures figures) : PostgreSqlBench(figures, 3);

public sealed class DatabaseBench(Figures figures) : PostgreSqlBench(figures, 2);

/// <summary>One node on a SQLite file.</summary>
public sealed class SqliteBench(Figures figures) : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidp-fault-sqlite-").FullName;
    private Fleet? fleet;

    public Figures Figures => figures;

    internal Fleet Fleet => fleet ?? throw new InvalidOperationException("The bench has not started.");

    internal string File => $"{folder}/idp.db";

    public async ValueTask InitializeAsync()
    {
        fleet = new Fleet(Nodes.OfBench("Sqlite", $"Data Source={File}"));
        await fleet.StartAsync(1, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (fleet is not null) await fleet.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
