using System.Data.Common;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Testing.Stores;
using TenantIdP.Tests.Events;
using Xunit;

namespace TenantIdP.Tests.RoundTrips;

/// <summary>A page of the event feed costs the same wherever it is and whatever other organizations hold (PERFORMANCE.md P11): the statements, and the index they walk.</summary>
public abstract class EventFeedCostTests(TestStore store) : IAsyncLifetime
{
    private const int Own = 6_000;
    private const int Noise = 6_000;

    private readonly EventNode node = new(store);
    private Id<Organization> organization;
    private Id<Organization> other;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (organization, other) = (await store.NewOrganizationAsync(Ct), await store.NewOrganizationAsync(Ct));
        for (var part = 0; part < 6; part++)
        {
            await node.RecordAsync(organization, EventNode.Targets($"own-{part}", Own / 6), Ct);
            await node.RecordAsync(other, EventNode.Targets($"noise-{part}", Noise / 6), Ct);
        }

        Assert.Equal(Own + Noise, await node.SealAsync(Ct));
        await node.ExecuteAsync("ANALYZE", Ct);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_page_walks_one_index_from_its_position_on()
    {
        var feeds = new (string Name, Id<Organization>? Organization, EventFilter Filter, int Statements, string Index)[]
        {
            ("all", null, new(), 1, "ux_events_position"),
            ("own", organization, new(), 1, "ix_events_organization_id_position"),
            ("own, by type", organization, new() { Types = ["member."] }, 2, "ix_events_organization_id_position"),
            ("own, none of the type", organization, new() { Types = ["app.created"] }, 2, "ix_events_organization_id_position"),
            ("by target", null, new() { Target = "own-3-7" }, 1, "ix_events_target_id_position"),
        };
        foreach (var feed in feeds)
        {
            foreach (var after in new[] { "0", "11000" })
            {
                var statements = await CapturedCommands.WhileAsync(() => node.PageAsync(after, Ct, feed.Filter, 50, feed.Organization));

                Assert.True(statements.Count == feed.Statements, $"{feed.Name} after {after}: {string.Join("\n--\n", statements.Select(s => s.Sql))}");
                foreach (var statement in statements)
                {
                    var plan = await node.UseAsync<IdpDbContext, string>(db => PlanAsync(db, statement, Ct));
                    Assert.True(plan.Contains(feed.Index, StringComparison.Ordinal), $"{feed.Name} after {after}:\n{statement.Sql}\n{plan}");
                    Assert.False(ReadsWhole(plan), $"{feed.Name} after {after}:\n{plan}");
                }
            }
        }
    }

    [Fact]
    public async Task A_period_is_found_and_not_walked_to()
    {
        var since = TimeProvider.System.GetUtcNow().AddDays(1);

        var statements = await CapturedCommands.WhileAsync(() => node.PageAsync(null, Ct, new EventFilter { Since = since }, 50, organization));

        Assert.InRange(statements.Count, 3, 3); // the end, the start, and that there is nothing after it
        var plan = await node.UseAsync<IdpDbContext, string>(db => PlanAsync(db, statements[1], Ct));
        Assert.True(plan.Contains("ix_events_occurred_at", StringComparison.Ordinal), plan);
    }

    protected abstract Task<string> PlanAsync(IdpDbContext db, CapturedCommand statement, CancellationToken ct);

    protected abstract bool ReadsWhole(string plan);

    protected static async Task<string> ExplainAsync(IdpDbContext db, string explain, CapturedCommand statement, CancellationToken ct)
    {
        await db.Database.OpenConnectionAsync(ct);
        await using var command = db.Database.GetDbConnection().CreateCommand();
        command.CommandText = explain + statement.Sql;
        foreach (var (name, value) in statement.Parameters)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value ?? DBNull.Value);
            command.Parameters.Add(parameter);
        }

        var lines = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) lines.Add(reader.GetValue(reader.FieldCount - 1).ToString() ?? "");
        return string.Join('\n', lines);
    }
}

public sealed record CapturedCommand(string Sql, IReadOnlyList<(string Name, object? Value)> Parameters);

/// <summary>What EF Core executes in what is awaited, with the parameters.</summary>
internal sealed class CapturedCommands : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
{
    private static readonly AsyncLocal<List<CapturedCommand>?> Current = new();

    // One for the process: two would capture everything twice.
    private static readonly CapturedCommands Shared = new();

    private CapturedCommands() => DiagnosticListener.AllListeners.Subscribe(this);

    public static async Task<List<CapturedCommand>> WhileAsync(Func<Task> work)
    {
        _ = Shared;
        var captured = new List<CapturedCommand>();
        Current.Value = captured;
        await work();
        Current.Value = null;
        return captured;
    }

    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == DbLoggerCategory.Name) value.Subscribe(this, static name => name.StartsWith(DbLoggerCategory.Database.Name, StringComparison.Ordinal));
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (Current.Value is not { } captured || value.Key != RelationalEventId.CommandExecuted.Name || value.Value is not CommandExecutedEventData executed) return;
        captured.Add(new CapturedCommand(executed.Command.CommandText, [.. executed.Command.Parameters.Cast<DbParameter>().Select(p => (p.ParameterName, p.Value))]));
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }
}

[Collection(typeof(CountedAlone))]
public sealed class EventFeedCostOnSqlite(SqliteStore store) : EventFeedCostTests(store), IClassFixture<SqliteStore>
{
    protected override Task<string> PlanAsync(IdpDbContext db, CapturedCommand statement, CancellationToken ct) => ExplainAsync(db, "EXPLAIN QUERY PLAN ", statement, ct);

    protected override bool ReadsWhole(string plan) => plan.Split('\n').Any(line => line.StartsWith("SCAN e", StringComparison.Ordinal) && !line.Contains("INDEX", StringComparison.Ordinal));
}

[Collection(typeof(CountedAlone))]
[Trait("Store", "PostgreSql")]
public sealed class EventFeedCostOnPostgreSql(PostgreSqlStore store) : EventFeedCostTests(store), IClassFixture<PostgreSqlStore>
{
    protected override Task<string> PlanAsync(IdpDbContext db, CapturedCommand statement, CancellationToken ct) => ExplainAsync(db, "EXPLAIN ", statement, ct);

    protected override bool ReadsWhole(string plan) => plan.Contains("Seq Scan on events", StringComparison.Ordinal);
}
