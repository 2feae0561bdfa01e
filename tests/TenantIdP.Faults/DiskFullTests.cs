using System.Net;
using Microsoft.Data.Sqlite;
using TenantIdP.Faults.Bench;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>R9: the disk of the SQLite file is full. It is a small one in memory, which only this process sees and which ends with it.</summary>
[Collection(StoreBenchCollection.Name)]
public sealed class DiskFullTests(Figures figures)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Fault", "R9")]
    public async Task On_a_full_disk_writes_are_refused_reads_go_on_and_room_mends_it()
    {
        var folder = Directory.CreateTempSubdirectory("tidp-fault-disk-").FullName;
        await using var fleet = new Fleet(Nodes.OfBench("Sqlite", $"Data Source={folder}/idp.db"));
        string[] space = Environment.UserName == "root" ? ["unshare", "-m"] : ["unshare", "-U", "-r", "-m"];
        var node = ServerProcess.Start(
            [ServerProcess.Program()], fleet.Settings, under: [.. space, "sh", "-c", "mount -t tmpfs -o size=24m tidp \"$0\" && exec \"$@\"", folder]);
        fleet.Running.Add(node);
        await node.ReadyAsync(Ct);
        var world = await World.MakeAsync(fleet, 2, Ct);
        var app = fleet.RelyingParty(world.App);
        using var browser = fleet.NewBrowser();
        var tokens = await MainJob.SignInAsync(browser, app, world.Organization, world.People[0], Ct);

        var seenFromHere = $"/proc/{node.Id}/root{folder}";
        Fill($"{seenFromHere}/ballast");
        var recorder = fleet.Record();
        ApiAnswer refused;
        do refused = await fleet.Operator.SendAsync(HttpMethod.Post, "organizations", new { displayName = "No room" }, Ct); // the log of the file has some room left
        while (refused.IsOk);

        Assert.True(refused.Status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.InsufficientStorage, $"{(int)refused.Status} {refused.Body}");
        Assert.NotNull(refused.Code);
        Assert.Equal(HttpStatusCode.OK, (await fleet.Operator.GetAsync($"organizations/{world.Organization}", Ct)).Status);
        Assert.True(await fleet.Operator.MayAsync(world.People[1].Id, world.Organization, "members:read", Ct));
        var page = await browser.GetAsync(Nodes.Issuer + "/signin", Ct);
        Assert.Equal(HttpStatusCode.OK, page.Status);
        var noRefresh = await app.RefreshAsync(tokens.RefreshToken, Ct);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, noRefresh.Status);
        Assert.True(recorder.Broken.Count == 0, Recorder.Describe(recorder.Broken));

        File.Delete($"{seenFromHere}/ballast");
        var took = await Lengths.UntilAsync(async () => (await fleet.Operator.SendAsync(HttpMethod.Post, "organizations", new { displayName = "Room" }, Ct)).IsOk, "there is room to write again", Ct);
        Assert.True((await app.RefreshAsync(tokens.RefreshToken, Ct)).IsOk); // nothing was spent by the refusal
        Assert.False(node.HasExited);

        var copy = Directory.CreateTempSubdirectory("tidp-fault-disk-copy-").FullName;
        await Lengths.UntilAsync(async () => await UnsealedAsync(await CopyAsync(node, seenFromHere, copy)) == 0, "events are sealed", Ct);
        Assert.Equal("ok", await AskAsync($"{copy}/idp.db", "PRAGMA integrity_check"));
        await using (var invariants = new Invariants(new Dictionary<string, string?>(fleet.Settings) { ["ConnectionStrings:TenantIdP"] = $"Data Source={copy}/idp.db" })) await invariants.AssertAsync(Ct);
        figures.Add("R9", "the disk of the SQLite file is full", "writes 503 or 507 with a problem; reads go on; integrity ok; recovers without restart",
            $"{(int)refused.Status} {refused.Code}; {recorder}; wrote again {took.TotalSeconds:0.0} s after there was room");
        Directory.Delete(copy, recursive: true);
        Directory.Delete(folder);
    }

    private static void Fill(string ballast)
    {
        using var file = File.Create(ballast, 1);
        var block = new byte[4096];
        try
        {
            while (true)
            {
                file.Write(block);
                file.Flush();
            }
        }
        catch (IOException)
        {
            // Not another byte.
        }
    }

    /// <summary>File and log as they are at one moment, at which the process stands still: SQLite asks for a path that is its own, and this one is another process's.</summary>
    private static async Task<string> CopyAsync(ServerProcess node, string from, string to)
    {
        await node.SignalAsync("STOP", Ct);
        try
        {
            foreach (var file in new[] { "idp.db", "idp.db-wal" }) File.Copy($"{from}/{file}", $"{to}/{file}", overwrite: true);
            File.Delete($"{to}/idp.db-shm");
        }
        finally
        {
            await node.SignalAsync("CONT", CancellationToken.None);
        }

        return $"{to}/idp.db";
    }

    private static async Task<long> UnsealedAsync(string database) => (long)await AskAsync(database, "SELECT count(*) FROM events WHERE position IS NULL");

    private static async Task<object> AskAsync(string database, string question)
    {
        await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = database, Pooling = false, DefaultTimeout = 30 }.ConnectionString);
        await connection.OpenAsync(Ct);
        await using var command = connection.CreateCommand();
        command.CommandText = question;
        return (await command.ExecuteScalarAsync(Ct))!; // each of them has a row
    }
}
