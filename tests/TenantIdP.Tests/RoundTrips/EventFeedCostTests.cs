using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
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
    private const int Own = 2_000;
    private const int Noise = 5_000; // before and after it
    private const int Buffers = 300; // all the log has several times as many; a window is bounded by its rows

    private readonly EventNode node = new(store);
    private Id<Organization> organization;
    private Id<Organization> other;
    private long start;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (organization, other) = (await store.NewOrganizationAsync(Ct), await store.NewOrganizationAsync(Ct));
        await CapturedCommands.WhileAsync(() => Task.CompletedTask); // EF Core's logger notices a listener within a second
        await node.RecordAsync(other, EventNode.Targets("before", Noise), Ct);
        await node.RecordAsync(organization, EventNode.Targets("own", Own), Ct);
        await node.RecordAsync(other, EventNode.Targets("after", Noise), Ct);
        Assert.Equal(Own + (2 * Noise), await node.SealAsync(Ct));
        start = (await node.PageAsync(null, Ct, limit: 1, organization: organization)).Items[0].Position - 1;
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
        var feeds = new (string Name, Id<Organization>? Organization, EventFilter Filter, int Statements, string[] Indexes)[]
        {
            ("all", null, new(), 1, ["ux_events_position"]),
            ("own", organization, new(), 2, OfOwn),
            ("own, by type", organization, new() { Types = ["member."] }, 3, OfOwn),
            ("own, none of the type", organization, new() { Types = ["app.created"] }, 3, OfOwn),
            ("own, by target", organization, new() { Target = "own-1900" }, 3, [.. OfOwn, "ix_events_target_id_position"]),
            ("own, by an actor of others", organization, new() { Actor = "nobody" }, 3, [.. OfOwn, "ix_events_actor_id_position"]),
            ("by target", null, new() { Target = "own-1900" }, 1, ["ix_events_target_id_position"]),
        };
        foreach (var feed in feeds)
        {
            foreach (var after in new[] { 0, start, start + (Own / 2) })
            {
                var statements = await CapturedCommands.WhileAsync(() => node.PageAsync(after.ToString(CultureInfo.InvariantCulture), Ct, feed.Filter, 50, feed.Organization));

                Assert.True(statements.Count == feed.Statements, $"{feed.Name} after {after}: {string.Join("\n--\n", statements.Select(s => s.Sql))}");
                foreach (var statement in statements.Skip(feed.Organization is null ? 0 : 1)) // the chain's row
                {
                    var plan = await node.UseAsync<IdpDbContext, string>(db => PlanAsync(db, statement, Ct));
                    Assert.True(feed.Indexes.Any(i => plan.Contains(i, StringComparison.Ordinal)), $"{feed.Name} after {after}:\n{statement.Sql}\n{plan}");
                    Assert.False(ReadsWhole(plan), $"{feed.Name} after {after}:\n{plan}");
                    if (feed.Statements < 3) Assert.True(BuffersOf(plan) < Buffers, $"{feed.Name} after {after}:\n{plan}");
                }
            }
        }
    }

    [Fact]
    public async Task Asking_at_the_end_looks_at_one_row_whatever_others_wrote_since()
    {
        var end = (await node.ReadAsync(null, Ct, organization: organization)).Next;

        var statements = await CapturedCommands.WhileAsync(() => node.PageAsync(end, Ct, organization: organization));

        Assert.Contains("event_chains", Assert.Single(statements).Sql, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_period_is_found_and_not_walked_to()
    {
        var since = TimeProvider.System.GetUtcNow().AddDays(1);

        var statements = await CapturedCommands.WhileAsync(() => node.PageAsync(null, Ct, new EventFilter { Since = since }, 50, organization));

        Assert.Equal(3, statements.Count); // the end, the start, and the chain, which ended before
        var plan = await node.UseAsync<IdpDbContext, string>(db => PlanAsync(db, statements[1], Ct));
        Assert.True(plan.Contains("ix_events_occurred_at", StringComparison.Ordinal), plan);
    }

    /// <summary>Those of the query planner's that are as good.</summary>
    protected abstract string[] OfOwn { get; }

    /// <summary>How many pages the statement touched; 0 where the store doesn't say.</summary>
    protected abstract int BuffersOf(string plan);

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
    protected override string[] OfOwn => ["ix_events_organization_id_position", "ux_events_position"];

    protected override int BuffersOf(string plan) => 0;

    protected override Task<string> PlanAsync(IdpDbContext db, CapturedCommand statement, CancellationToken ct) => ExplainAsync(db, "EXPLAIN QUERY PLAN ", statement, ct);

    protected override bool ReadsWhole(string plan) => plan.Split('\n').Any(line => line is "SCAN e" or "SCAN events" or "SCAN event_personal_data");
}

[Collection(typeof(CountedAlone))]
[Trait("Store", "PostgreSql")]
public sealed partial class EventFeedCostOnPostgreSql(PostgreSqlStore store) : EventFeedCostTests(store), IClassFixture<PostgreSqlStore>
{
    protected override string[] OfOwn => ["ix_events_organization_id_position", "ux_events_position"];

    protected override int BuffersOf(string plan) => Hit().Match(plan) is { Success: true } first ? int.Parse(first.Groups[1].Value, CultureInfo.InvariantCulture) : throw new InvalidOperationException(plan);

    protected override Task<string> PlanAsync(IdpDbContext db, CapturedCommand statement, CancellationToken ct) => ExplainAsync(db, "EXPLAIN (ANALYZE, BUFFERS) ", statement, ct);

    protected override bool ReadsWhole(string plan) => plan.Contains("Seq Scan on events", StringComparison.Ordinal);

    // The outermost node comes first and counts what is below it.
    [GeneratedRegex(@"shared hit=(\d+)")]
    private static partial Regex Hit();
}
