using System.Diagnostics;
using TenantIdP.Faults.Bench;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>
/// R12: nodes of the version before serve on while the new one migrates their database. Builds that version, so only the long run does it; what a migration that is killed or
/// begun three times at once leaves behind is <see cref="StartTests"/>'.
/// </summary>
[Collection(StoreBenchCollection.Name)]
public sealed class UpgradeTests(Figures figures)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    [Trait("Fault", "R12")]
    public async Task The_version_before_serves_on_while_the_new_one_migrates()
    {
        var folder = Directory.CreateTempSubdirectory("tidp-fault-before-").FullName;
        try
        {
            var before = await BuildBeforeAsync(folder);
            await using var server = await DatabaseServer.StartNewAsync(Ct);
            await using var fleet = new Fleet(Nodes.OfBench("PostgreSql", await server.CreateDatabaseAsync(Ct)));
            var old = await fleet.StartAsync(2, Ct, program: before);
            var world = await World.MakeAsync(fleet, 6, Ct);
            var migrations = await MigrationsAsync(fleet);
            var recorder = fleet.Record();
            IReadOnlyCollection<JobResult> results;
            await using (var load = Load.Start(world, Ct))
            {
                await Lengths.UntilAsync(() => Task.FromResult(load.Finished >= 2), "people sign in at the version before", Ct);
                await fleet.StartAsync(3, Ct);
                await Lengths.PassAsync(Lengths.Fault, Ct); // five nodes of two versions
                foreach (var node in old)
                {
                    await node.TerminateAsync(Ct);
                    Assert.Equal(0, await node.ExitAsync(Ct));
                    fleet.Forget(node);
                }

                results = await load.StopAsync();
            }

            var (all, distinct) = (await MigrationsAsync(fleet), await Nodes.CountAsync(DatabaseServer.Unpooled(DatabaseOf(fleet)), "SELECT count(DISTINCT \"MigrationId\") FROM __migrations_core", Ct));
            figures.Add("R12", "two nodes of the version before under load, three new ones migrate", "0 failed on old and new; migrated once", $"{Load.Describe(results)}; {recorder}; {migrations} migrations became {all}");
            Assert.True(all > migrations, "The version before had the same migrations.");
            Assert.Equal(distinct, all);
            Assert.True(results.All(r => r.End == JobEnd.Done), Load.Describe(results));
            Assert.True(recorder.Broken.Count == 0, Recorder.Describe(recorder.Broken));
            await fleet.AssertInvariantsAsync(Ct);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string DatabaseOf(Fleet fleet) => fleet.Settings["ConnectionStrings:TenantIdP"]!; // every fleet has one

    private static Task<long> MigrationsAsync(Fleet fleet) => Nodes.CountAsync(DatabaseServer.Unpooled(DatabaseOf(fleet)), "SELECT count(*) FROM __migrations_core", Ct);

    /// <returns>The server as it was before one of its newest migrations came: of the last that were built whole, because not every step of a branch was.</returns>
    private static async Task<string> BuildBeforeAsync(string folder)
    {
        var root = ServerProcess.Root();
        var log = await RunAsync("git", "-C", root, "log", "-6", "--first-parent", "-m", "--format=%H", "--diff-filter=A", "--", "src/TenantIdP.Storage/Migrations/PostgreSql");
        InvalidOperationException? last = null;
        foreach (var commit in log.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            try
            {
                var at = Directory.CreateDirectory($"{folder}/{commit}").FullName;
                await RunAsync("sh", "-c", $"git -C {root} archive {commit}^ | tar -x -C {at}");
                await RunAsync("dotnet", "build", $"{at}/src/TenantIdP.Server", "-c", "Release", "--nologo", "-v", "q", "-p:RunAnalyzers=false");
                return $"{at}/src/TenantIdP.Server/bin/Release/net10.0/TenantIdP.Server.dll";
            }
            catch (InvalidOperationException failure)
            {
                last = failure;
            }
        }

        throw last ?? new InvalidOperationException("There is no version before.");
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true }) ?? throw new InvalidOperationException($"No {program}.");
        var said = await process.StandardOutput.ReadToEndAsync(Ct);
        await process.WaitForExitAsync(Ct);
        return process.ExitCode == 0 ? said : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {process.ExitCode} {said}");
    }
}
