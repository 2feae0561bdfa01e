using System.Net;
using System.Text;
using TenantIdP.Faults.Bench;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>R11: nodes are told to stop, as at every upgrade.</summary>
[Collection(NodeBenchCollection.Name)]
public sealed class ShutdownTests(NodeBench bench)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Fault", "R11")]
    public async Task What_is_under_way_when_a_node_is_told_to_stop_is_finished()
    {
        await bench.RefillAsync(Ct);
        var machine = Machine.AtRest();
        var node = bench.Fleet.Running.All[0];
        bench.Fleet.Running.Remove(node);
        var basic = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Nodes.ClientId}:{Nodes.ClientSecret}"));
        var request = new Burst.Request("POST", "/connect/token", "application/x-www-form-urlencoded", "grant_type=client_credentials&scope=management", basic);
        TimeSpan? notReady = null;

        var answers = await Burst.SendAsync([node], [.. Enumerable.Repeat(request, 100)], Ct, async () =>
        {
            await node.TerminateAsync(Ct);
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
            notReady = await Lengths.UntilAsync(async () =>
            {
                using var answer = await http.GetAsync(node.Address + "/health/ready", Ct);
                return answer.StatusCode == HttpStatusCode.ServiceUnavailable;
            }, "the node says that it is not ready any more", Ct);
        });
        var since = System.Diagnostics.Stopwatch.StartNew();
        var code = await node.ExitAsync(Ct);
        bench.Fleet.Forget(node);

        bench.Figures.Add("R11", "SIGTERM with 100 requests in flight", "none fails; ready says 503 first; exit 0 <= 30 s",
            $"{Burst.Describe(answers)}; 503 after {notReady?.TotalSeconds:0.0} s; exit {code} {since.Elapsed.TotalSeconds:0.0} s after the last of them{machine}");
        Assert.True(answers.All(a => a.Status == 200), Burst.Describe(answers));
        Assert.Equal(0, code);
        Assert.True(since.Elapsed <= machine.Allows(Grace), $"It took {since.Elapsed}.");
        await bench.AssertInvariantsAsync(Ct);
    }

    [Fact]
    [Trait("Fault", "R11")]
    public async Task Every_node_is_replaced_under_load_and_nobody_notices()
    {
        await bench.RefillAsync(Ct);
        var fleet = bench.Fleet;
        var (recorder, machine) = (fleet.Record(), Machine.AtRest());
        var exits = new List<(int Code, TimeSpan Took)>();
        IReadOnlyCollection<JobResult> results;
        await using (var load = Load.Start(bench.World, Ct))
        {
            foreach (var old in fleet.Running.All)
            {
                await fleet.StartAsync(1, Ct);
                await old.TerminateAsync(Ct);
                var since = System.Diagnostics.Stopwatch.StartNew();
                exits.Add((await old.ExitAsync(Ct), since.Elapsed));
                fleet.Forget(old);
            }

            await Lengths.PassAsync(Lengths.Fault / 4, Ct);
            results = await load.StopAsync();
        }

        bench.Figures.Add("R11", "three nodes are replaced one after the other under load", "none fails; exit 0 <= 30 s",
            $"{Load.Describe(results)}; {recorder}; exits {string.Join(", ", exits.Select(e => $"{e.Code} after {e.Took.TotalSeconds:0.0} s"))}{machine}");
        Assert.NotEmpty(results);
        Assert.True(results.All(r => r.End == JobEnd.Done), Load.Describe(results));
        Assert.True(recorder.All.All(s => s.Cut is null && (int)s.Status! < 500), Recorder.Describe(recorder.All.Where(s => s.Cut is not null || (int)s.Status! >= 500))); // not cut: it has one
        Assert.All(exits, e => Assert.Equal(0, e.Code));
        Assert.All(exits, e => Assert.True(e.Took <= machine.Allows(Grace), $"It took {e.Took}."));
        await bench.AssertInvariantsAsync(Ct);
    }
}
