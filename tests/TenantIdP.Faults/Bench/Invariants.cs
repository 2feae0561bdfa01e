using System.Data.Common;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using TenantIdP.Core.Events;
using TenantIdP.Core.Outbox;
using TenantIdP.Server;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Faults.Bench;

/// <summary>Runs <c>invariants.sql</c> on one database and computes the audit chains anew, as <c>audit verify</c> does.</summary>
internal sealed class Invariants(IReadOnlyDictionary<string, string?> settings) : IAsyncDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly Lazy<WebApplication> beside = new(() => Beside(settings));

    /// <param name="Within">How long it may be broken.</param>
    private sealed record Rule(string Sentence, TimeSpan Within, string? Table, string Sql);

    public async Task AssertAsync(CancellationToken ct)
    {
        var rules = Read();
        Assert.True(rules.Count > 15, "The script was not read.");
        await using var connection = await OpenAsync(ct);
        var faults = new List<string>();
        foreach (var rule in rules)
        {
            if (rule.Table is { } table && !await ExistsAsync(connection, table, ct)) continue;
            var broken = await BrokenAsync(connection, rule, ct);
            if (broken.Count > 0 && rule.Within > TimeSpan.Zero)
            {
                // Until then it is not broken; what is left after it is. Longer only by as much as others keep the machine busy meanwhile.
                var (machine, since) = (Machine.AtRest(), System.Diagnostics.Stopwatch.StartNew());
                while (broken.Count > 0 && since.Elapsed <= machine.Allows(rule.Within))
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(100), ct);
                    broken = await BrokenAsync(connection, rule, ct);
                }
            }

            if (broken.Count > 0) faults.Add($"Not so: {rule.Sentence}: {string.Join(", ", broken)}");
        }

        faults.AddRange(await ChainFaultsAsync(ct));
        Assert.True(faults.Count == 0, string.Join(Environment.NewLine, faults));
    }

    public async ValueTask DisposeAsync()
    {
        if (beside.IsValueCreated) await beside.Value.DisposeAsync();
    }

    private async Task<DbConnection> OpenAsync(CancellationToken ct)
    {
        var text = settings["ConnectionStrings:TenantIdP"]!; // every fleet has a database
        DbConnection connection = settings["TenantIdP:Database:Provider"] == "Sqlite"
            ? new SqliteConnection(new SqliteConnectionStringBuilder(text) { Pooling = false, DefaultTimeout = 30 }.ConnectionString)
            : new NpgsqlConnection(DatabaseServer.Unpooled(text));
        await connection.OpenAsync(ct);
        return connection;
    }

    private static List<Rule> Read()
    {
        var rules = new List<Rule>();
        foreach (var part in File.ReadAllText(Path.Combine(ServerProcess.Root(), "tests", "TenantIdP.Faults", "invariants.sql")).Split("\n-- ").Skip(1))
        {
            var (title, sql) = part.Split('\n', 2) is [var first, var rest] ? (first.Trim(), rest.Trim()) : (part, "");
            var kind = title.Split(": ", 2)[0];
            if (Within(kind) is not { } within) continue; // the words at the top
            var sentence = title.Split(": ", 2)[1];
            var of = sentence.IndexOf(" (of ", StringComparison.Ordinal);
            rules.Add(new Rule(of < 0 ? sentence : sentence[..of], within, of < 0 ? null : sentence[(of + 5)..].TrimEnd(')'), sql));
        }

        return rules;
    }

    private static TimeSpan? Within(string kind) => kind switch
    {
        "always" => TimeSpan.Zero,
        "soon" => Soon,
        "after a hold" => OutboxClaims.Hold + Soon,
        _ => null,
    };

    private static async Task<List<string>> BrokenAsync(DbConnection connection, Rule rule, CancellationToken ct)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = rule.Sql;
        await using var reader = await command.ExecuteReaderAsync(ct);
        var broken = new List<string>();
        while (broken.Count < 10 && await reader.ReadAsync(ct)) broken.Add(reader.GetString(0));
        return broken;
    }

    private static async Task<bool> ExistsAsync(DbConnection connection, string table, CancellationToken ct)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = connection is SqliteConnection ? "SELECT count(*) FROM sqlite_master WHERE name = @name" : "SELECT count(*) FROM information_schema.tables WHERE table_name = @name";
        var name = command.CreateParameter();
        (name.ParameterName, name.Value) = ("@name", table);
        command.Parameters.Add(name);
        return (long)(await command.ExecuteScalarAsync(ct))! > 0; // a count
    }

    private async Task<IReadOnlyList<string>> ChainFaultsAsync(CancellationToken ct)
    {
        await using var scope = beside.Value.Services.CreateAsyncScope();
        var verification = scope.ServiceProvider.GetRequiredService<EventVerification>();
        var faults = new List<string>();
        await foreach (var chain in verification.VerifyAsync(null, ct))
        {
            if (chain.Fault is { } fault) faults.Add($"The audit chain of {chain.Organization} is {fault.Kind} at {fault.Position}.");
        }

        if (await verification.FirstMissingPositionAsync(ct) is { } missing) faults.Add($"The audit log has no position {missing}.");
        return faults;
    }

    /// <summary>The server's own services on this database, without anything that runs.</summary>
    private static WebApplication Beside(IReadOnlyDictionary<string, string?> settings) => ServerApp.Build(["--environment", "Development"], builder =>
    {
        builder.Configuration.AddInMemoryCollection(settings);
        // A connection of its own each time: the database may have been stopped since the last.
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:TenantIdP"] = settings["ConnectionStrings:TenantIdP"] + ";Pooling=false" });
        builder.Logging.ClearProviders();
    });
}
