using TenantIdP.Faults.Bench;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>R1: a node is killed while people sign in.</summary>
[Collection(NodeBenchCollection.Name)]
public sealed class NodeDeathTests(NodeBench bench)
{
    /// <summary>Of a node with a processor of its own, which is why it is counted in CPU: here two are shared by three nodes, their load and the database.</summary>
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(5);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Fault", "R1")]
    public async Task Sign_ins_go_on_at_other_nodes_when_one_is_killed()
    {
        await bench.RefillAsync(Ct);
        var fleet = bench.Fleet;
        var machine = Machine.AtRest();
        var recorder = fleet.Record();
        TimeSpan again, cpu;
        IReadOnlyCollection<JobResult> results;
        await using (var load = Load.Start(bench.World, Ct))
        {
            await Lengths.PassAsync(Lengths.Fault / 3, Ct);
            await fleet.Running.All[0].KillAsync();
            await Lengths.PassAsync(Lengths.Fault / 3, Ct);
            var since = recorder.Now;
            await bench.RefillAsync(Ct);
            (again, cpu) = (recorder.Now - since, fleet.Running.All[^1].Cpu);
            await Lengths.PassAsync(Lengths.Fault / 3, Ct);
            results = await load.StopAsync();
        }

        bench.Figures.Add("R1", "a node of three is killed under load", "started sign-ins finish; 5xx of the others 0; ready again <= 5 s",
            $"{Load.Describe(results)}; {recorder}; another node found for {recorder.Retried}; ready again after {again.TotalSeconds:0.0} s and {cpu.TotalSeconds:0.0} s of CPU{machine}");
        Assert.NotEmpty(results);
        Assert.True(cpu <= Promised, $"It took {cpu} of CPU until a node was ready in its place.");
        Assert.True(again <= machine.Allows(3 * Promised), $"It took {again} until a node was ready in its place.");
        Assert.True(results.All(r => r.End is JobEnd.Done or JobEnd.DoneAgain), Load.Describe(results));
        Assert.True(recorder.All.All(s => s.Status is not { } status || (int)status < 500), Recorder.Describe(recorder.All.Where(s => s.Status is { } status && (int)status >= 500)));
        await bench.AssertInvariantsAsync(Ct);
    }
}
