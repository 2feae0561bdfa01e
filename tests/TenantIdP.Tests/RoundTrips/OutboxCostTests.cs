using TenantIdP.Core.Outbox;
using TenantIdP.Testing.Stores;
using TenantIdP.Tests.Outbox;
using Xunit;

namespace TenantIdP.Tests.RoundTrips;

/// <summary>What looking for messages and delivering them asks of the database.</summary>
public abstract class OutboxCostTests(TestStore store)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_look_that_finds_nothing_is_one_statement_and_one_that_delivers_is_few()
    {
        var scene = new OutboxScene(store, TimeSpan.FromHours(1));
        var drainer = scene.NewDrainer();
        await scene.AddAsync("warm", Ct, key: "warm");
        await drainer.DrainAsync(Ct);
        // EF Core's logger may be silent for a second after nobody listened.
        while ((await CapturedCommands.WhileAsync(() => drainer.LookAsync(Ct))).Count == 0) Ct.ThrowIfCancellationRequested();

        var idle = await CapturedCommands.WhileAsync(() => drainer.LookAsync(Ct));
        Assert.StartsWith("SELECT", Assert.Single(idle).Sql, StringComparison.Ordinal);

        await scene.AddAsync("x", Ct);
        var busy = await CapturedCommands.WhileAsync(() => drainer.DrainAsync(Ct));
        Assert.Equal(["SELECT", "SELECT", "UPDATE", "SELECT", "UPDATE", "SELECT", "SELECT"], busy.Select(c => c.Sql.TrimStart()[..6])); // look, lock, claim, read; end, next; look

        scene.Receive = (_, _, _) => Task.FromResult<OutboxOutcome>(new OutboxOutcome.Retry("503"));
        for (var i = 0; i < 20; i++) await scene.AddAsync($"{i}", Ct, key: "blocked");
        await drainer.DrainAsync(Ct);
        await drainer.DrainAsync(Ct);
        Assert.Single(await CapturedCommands.WhileAsync(() => drainer.LookAsync(Ct))); // those that wait behind it are out of the way
    }
}

[Collection(typeof(CountedAlone))]
public sealed class OutboxCostOnSqlite(SqliteStore store) : OutboxCostTests(store), IClassFixture<SqliteStore>;

[Collection(typeof(CountedAlone))]
[Trait("Store", "PostgreSql")]
public sealed class OutboxCostOnPostgreSql(PostgreSqlStore store) : OutboxCostTests(store), IClassFixture<PostgreSqlStore>;
