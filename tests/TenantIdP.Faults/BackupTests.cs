using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using TenantIdP.Faults.Bench;
using TenantIdP.Testing.Clients;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>R13: a copy that was taken under load is a whole instance.</summary>
public abstract class BackupTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    internal abstract Fleet Fleet { get; }

    protected abstract Figures Figures { get; }

    protected abstract string Store { get; }

    [Fact]
    [Trait("Fault", "R13")]
    public async Task A_copy_taken_under_load_starts_as_the_same_instance()
    {
        var world = await World.MakeAsync(Fleet, 6, Ct);
        var machine = Machine.AtRest();
        var app = Fleet.RelyingParty(world.App);
        using var browser = Fleet.NewBrowser();
        var old = await MainJob.SignInAsync(browser, app, world.Organization, world.People[0], Ct);
        var spent = await MainJob.SignInAsync(browser, app, world.Organization, world.People[0], Ct);
        Fleet.Record();
        string copy;
        await using (var load = Load.Start(world, Ct))
        {
            await Lengths.UntilAsync(() => Task.FromResult(load.Finished >= 2), "people sign in", Ct);
            copy = await CopyAsync(Ct);
            Assert.True((await load.StopAsync()).All(r => r.End == JobEnd.Done), "A copy was in the way of somebody.");
        }

        var newer = await app.RefreshAsync(spent.RefreshToken, Ct); // after the copy
        Assert.True(newer.IsOk);
        var keys = await KeysAsync(Fleet);

        var since = Stopwatch.StartNew();
        var settings = new Dictionary<string, string?>(Fleet.Settings) { ["ConnectionStrings:TenantIdP"] = await RestoreAsync(copy, Ct) };
        var restored = since.Elapsed;
        await using var again = new Fleet(settings);
        await again.StartAsync(1, Ct);
        await again.AssertInvariantsAsync(Ct);
        Assert.Equal(keys, await KeysAsync(again));

        var there = again.RelyingParty(world.App);
        var refused = await there.RefreshAsync(newer.RefreshToken, Ct);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_grant"), (refused.Status, refused.Error)); // it was made after the copy, which knows nothing of it
        Assert.True((await there.RefreshAsync(old.RefreshToken, Ct)).IsOk);
        using var visitor = again.NewBrowser();
        Assert.True((await MainJob.SignInAsync(visitor, there, world.Organization, world.People[1], Ct)).IsOk);
        await again.AssertInvariantsAsync(Ct);
        Figures.Add("R13", $"a copy taken under load, restored and started, {Store}", "invariants hold; same keys; a refresh token newer than the copy is a clean 400", $"as promised; restored in {restored.TotalSeconds:0.0} s{machine}");
    }

    protected abstract Task<string> CopyAsync(CancellationToken ct);

    /// <returns>A connection string.</returns>
    protected abstract Task<string> RestoreAsync(string copy, CancellationToken ct);

    private static async Task<string> KeysAsync(Fleet fleet) =>
        string.Join(',', JsonNode.Parse(await fleet.Http.GetStringAsync(Nodes.Issuer + "/.well-known/jwks", Ct))!["keys"]!.AsArray().Select(k => (string)k!["kid"]!)); // a key set by RFC 7517
}

[Collection(NodeBenchCollection.Name)]
[Trait("Store", "PostgreSql")]
public sealed class BackupOnPostgreSql(NodeBench bench) : BackupTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    internal override Fleet Fleet => bench.Fleet;

    protected override Figures Figures => bench.Figures;

    protected override string Store => "PostgreSQL";

    [Fact(Explicit = true)]
    [Trait("Fault", "R13")]
    public async Task A_hundred_thousand_people_are_restored_in_two_minutes()
    {
        await DatabaseServer.ExecuteAsync(bench.Database, """
            INSERT INTO users SELECT (r).* FROM (
              SELECT jsonb_populate_record(NULL::users, to_jsonb(u) || jsonb_build_object('id', gen_random_uuid(), 'external_id', NULL)) AS r
              FROM (SELECT * FROM users LIMIT 1) u CROSS JOIN generate_series(1, 100000)) n
            """, Ct);
        var machine = Machine.AtRest();
        var dump = await bench.Server.DumpAsync(bench.Database, Ct);
        var since = Stopwatch.StartNew();
        var restored = await bench.Server.RestoreAsync(dump, Ct);
        var took = since.Elapsed;
        Assert.True(await Nodes.CountAsync(DatabaseServer.Unpooled(restored), "SELECT count(*) FROM users", Ct) > 100_000);
        Figures.Add("R13", "100 000 people restored, PostgreSQL", "<= 2 min", $"{took.TotalSeconds:0.0} s{machine}");
        Assert.True(took <= machine.Allows(TimeSpan.FromMinutes(2)), $"It took {took}.");
    }

    protected override async Task<string> CopyAsync(CancellationToken ct)
    {
        await bench.RefillAsync(ct);
        return await bench.Server.DumpAsync(bench.Database, ct);
    }

    protected override Task<string> RestoreAsync(string copy, CancellationToken ct) => bench.Server.RestoreAsync(copy, ct);
}

[Collection(StoreBenchCollection.Name)]
public sealed class BackupOnSqlite(SqliteBench bench) : BackupTests, IClassFixture<SqliteBench>
{
    internal override Fleet Fleet => bench.Fleet;

    protected override Figures Figures => bench.Figures;

    protected override string Store => "SQLite";

    protected override async Task<string> CopyAsync(CancellationToken ct)
    {
        var copy = $"{bench.File}.{World.Unique("copy")}";
        await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = bench.File, Pooling = false, DefaultTimeout = 30 }.ConnectionString);
        await connection.OpenAsync(ct);
        await using var command = connection.CreateCommand();
        command.CommandText = "VACUUM INTO $copy";
        command.Parameters.AddWithValue("$copy", copy);
        await command.ExecuteNonQueryAsync(ct);
        return copy;
    }

    protected override Task<string> RestoreAsync(string copy, CancellationToken ct) => Task.FromResult($"Data Source={copy}");
}
