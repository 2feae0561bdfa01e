using System.Net;
using TenantIdP.Faults.Bench;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>R7: the clock of one node is wrong.</summary>
[Collection(NodeBenchCollection.Name)]
public sealed class ClockSkewTests(NodeBench bench)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(25)]
    [InlineData(-25)]
    [Trait("Fault", "R7")]
    public async Task Half_a_minute_is_no_matter(int seconds)
    {
        await using var fleet = new Fleet(Nodes.OfBench("PostgreSql", await bench.Server.CreateDatabaseAsync(Ct)));
        var world = await SkewedAsync(fleet, seconds, people: 4);
        IReadOnlyCollection<JobResult> results;
        await using (var load = Load.Start(world, Ct))
        {
            await Lengths.UntilAsync(() => Task.FromResult(load.Finished >= 12), "people sign in", Ct);
            results = await load.StopAsync();
        }

        bench.Figures.Add("R7", $"one node of two is {seconds:+0;-0} s off", "no failures", Load.Describe(results));
        Assert.True(results.All(r => r.End == JobEnd.Done), Load.Describe(results));
        foreach (var node in fleet.Running.All) Assert.DoesNotContain("clock_skew", await ReadyAsync(node), StringComparison.Ordinal);
        await fleet.AssertInvariantsAsync(Ct);
    }

    [Theory]
    [InlineData(300)]
    [InlineData(-300)]
    [Trait("Fault", "R7")]
    public async Task Five_minutes_are_told_and_make_nothing_live_longer(int seconds)
    {
        await using var fleet = new Fleet(Nodes.OfBench("PostgreSql", await bench.Server.CreateDatabaseAsync(Ct)));
        var world = await SkewedAsync(fleet, seconds, people: 2);
        var (right, wrong) = (fleet.Running.All[0], fleet.Running.All[1]);
        await Lengths.UntilAsync(async () => (await ReadyAsync(wrong)).Contains("clock_skew", StringComparison.Ordinal), "the node says that its clock is wrong", Ct);
        Assert.DoesNotContain("clock_skew", await ReadyAsync(right), StringComparison.Ordinal);

        // A code lives for a minute of its maker's clock: the node that is ahead may refuse it, and neither accepts one whose time is over by its own clock.
        using var browser = fleet.NewBrowser(right);
        using var atRight = fleet.At(right);
        using var atWrong = fleet.At(wrong);
        var tokens = await MainJob.SignInAsync(browser, fleet.RelyingParty(world.App, atRight), world.Organization, world.People[0], Ct);
        var (status, _) = await fleet.RelyingParty(world.App, atWrong).UserInfoAsync(tokens.AccessToken, Ct);
        if (seconds > 0) Assert.Equal(HttpStatusCode.Unauthorized, status); // five minutes of life are over there, and it says so
        else Assert.NotEqual(HttpStatusCode.InternalServerError, status);
        var refreshed = await fleet.RelyingParty(world.App, atWrong).RefreshAsync(tokens.RefreshToken, Ct);
        Assert.True(refreshed.IsOk || refreshed.Error == "invalid_grant", refreshed.Body.ToJsonString());
        bench.Figures.Add("R7", $"one node of two is {seconds:+0;-0} s off", "clear refusals, a health warning, nothing expired accepted",
            $"warned; an access token of the other node: {(int)status}; a refresh: {(int)refreshed.Status} {refreshed.Error}");
        await fleet.AssertInvariantsAsync(Ct);
    }

    /// <summary>A node with the right clock, which the people and the app are made at, and one with a wrong one.</summary>
    private static async Task<World> SkewedAsync(Fleet fleet, int seconds, int people)
    {
        await fleet.StartAsync(1, Ct);
        var world = await World.MakeAsync(fleet, people, Ct);
        await fleet.StartAsync(1, Ct, new Dictionary<string, string?> { ["TenantIdP:Development:ClockOffsetSeconds"] = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture) });
        return world;
    }

    private static async Task<string> ReadyAsync(ServerProcess node)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        return await http.GetStringAsync(node.Address + "/health/ready", Ct);
    }
}
