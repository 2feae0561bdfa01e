using System.Collections.Concurrent;
using System.Net;
using TenantIdP.Faults.Bench;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>R4 and R5: the database restarts, or is away for a while.</summary>
[Collection(StoreBenchCollection.Name)]
public sealed class DatabaseAwayTests(DatabaseBench bench) : IClassFixture<DatabaseBench>
{
    /// <summary>What R4 and R5 promise, from the moment at which the database takes connections again.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(5);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Fault", "R4")]
    public async Task A_restart_of_the_database_costs_nothing_that_was_acknowledged(bool crash)
    {
        await bench.RefillAsync(Ct);
        var machine = Machine.AtRest();
        var recorder = bench.Fleet.Record();
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var written = WriteAsync(writing.Token);
        TimeSpan back;
        IReadOnlyCollection<JobResult> results;
        await using (var load = Load.Start(bench.World, Ct))
        {
            await Lengths.PassAsync(Lengths.Fault / 3, Ct);
            await bench.Server.StopAsync(crash ? StopMode.Immediate : StopMode.Fast, Ct);
            await bench.Server.StartAsync(Ct);
            back = recorder.Now;
            await Lengths.PassAsync(Recovery + Lengths.Fault / 3, Ct);
            await OneMoreAsync(load);
            await writing.CancelAsync();
            results = await load.StopAsync();
        }

        var acknowledged = await written;
        var late = recorder.With(HttpStatusCode.ServiceUnavailable).Where(s => s.At > back + machine.Allows(Recovery)).ToList();
        bench.Figures.Add("R4", $"PostgreSQL restarts {(crash ? "immediate" : "fast")} under load", "503 with Retry-After and no 500; all good <= 5 s after; no acknowledged write lost",
            $"{Load.Describe(results)}; {recorder}; last 503 {Last(recorder, back)}; {acknowledged.Count} writes acknowledged{machine}");
        AssertNobodyEnded();
        AssertToldToComeAgain(recorder);
        Assert.True(late.Count == 0, $"Still 503 later than {Recovery.TotalSeconds} s after the database was back: {Recorder.Describe(late)}");
        Assert.True(results.All(r => r.End != JobEnd.Failed), Load.Describe(results));
        Assert.Contains(results, r => r.End is JobEnd.Done && r.BeganAt > back);
        Assert.NotEmpty(acknowledged);
        foreach (var id in acknowledged) Assert.Equal(HttpStatusCode.OK, (await bench.Fleet.Operator.GetAsync($"organizations/by-external-id/{id}", Ct)).Status);
        await bench.AssertInvariantsAsync(Ct);
    }

    [Fact]
    [Trait("Fault", "R5")]
    public async Task While_the_database_is_away_every_call_is_answered_and_keys_are_served()
    {
        await bench.RefillAsync(Ct);
        var machine = Machine.AtRest();
        var recorder = bench.Fleet.Record();
        var before = bench.Fleet.Running.All.Select(n => n.ResidentBytes).ToList();
        using var asking = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var always = AskAlwaysAsync(asking.Token);
        TimeSpan away, notReady, back;
        IReadOnlyCollection<JobResult> results;
        await using (var load = Load.Start(bench.World, Ct))
        {
            await Lengths.PassAsync(TimeSpan.FromSeconds(2), Ct);
            await bench.Server.StopAsync(StopMode.Fast, Ct);
            away = recorder.Now;
            notReady = await UntilEachAsync("/health/ready", HttpStatusCode.ServiceUnavailable);
            await Lengths.PassAsync(Lengths.Outage, Ct);
            await bench.Server.StartAsync(Ct);
            back = recorder.Now;
            await UntilEachAsync("/health/ready", HttpStatusCode.OK);
            await Lengths.PassAsync(Recovery, Ct);
            await OneMoreAsync(load);
            await asking.CancelAsync();
            results = await load.StopAsync();
        }

        var refused = await always;
        var during = recorder.All.Where(s => s.At > away && s.At < back).ToList();
        var slowest = during.Count == 0 ? TimeSpan.Zero : during.Max(s => s.Took);
        var grown = bench.Fleet.Running.All.Select((n, i) => (n.ResidentBytes - before[i]) / 1024.0 / 1024).Max();
        bench.Figures.Add("R5", $"PostgreSQL is away for {Lengths.Outage.TotalSeconds:0} s", "live 200, ready 503 <= 5 s; discovery and JWKS 200 all the time; every call answered <= 5 s; memory < +100 MB; recovery <= 5 s",
            $"{Load.Describe(results)}; {recorder}; not ready after {notReady.TotalSeconds:0.0} s; slowest answer meanwhile {slowest.TotalSeconds:0.0} s; last 503 {Last(recorder, back)}; memory {grown:+0;-0} MB{machine}");
        AssertNobodyEnded();
        Assert.True(refused.Count == 0, string.Join("; ", refused.Distinct().Take(5)));
        AssertToldToComeAgain(recorder);
        Assert.True(notReady <= machine.Allows(Recovery), $"Ready for {notReady} without a database.");
        Assert.True(slowest <= machine.Allows(Recovery), $"A call took {slowest}: {Recorder.Describe(during.Where(s => s.Took > Recovery))}");
        var late = recorder.With(HttpStatusCode.ServiceUnavailable).Where(s => s.At > back + machine.Allows(Recovery)).ToList();
        Assert.True(late.Count == 0, $"Still 503 later than {Recovery.TotalSeconds} s after the database was back: {Recorder.Describe(late)}");
        Assert.True(results.All(r => r.End != JobEnd.Failed), Load.Describe(results));
        Assert.True(grown < 100, $"Memory grew by {grown:0} MB.");
        await bench.AssertInvariantsAsync(Ct);
    }

    /// <summary>Organizations one after the other; what was answered 201 must be there for ever.</summary>
    private async Task<IReadOnlyCollection<string>> WriteAsync(CancellationToken ct)
    {
        var acknowledged = new ConcurrentQueue<string>();
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            while (await timer.WaitForNextTickAsync(ct))
            {
                var id = World.Unique("write");
                try
                {
                    if ((await bench.Fleet.Operator.SendAsync(HttpMethod.Post, "organizations", new { displayName = "Write", externalId = id }, ct)).Status == HttpStatusCode.Created) acknowledged.Enqueue(id);
                }
                catch (Exception notAcknowledged) when (notAcknowledged is HttpRequestException or UnavailableException)
                {
                    // It may be there or not.
                }
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Enough of them.
        }

        return acknowledged;
    }

    /// <summary>What needs no database is asked at every node all the time.</summary>
    /// <returns>What was not 200.</returns>
    private async Task<IReadOnlyCollection<string>> AskAlwaysAsync(CancellationToken ct)
    {
        var refused = new ConcurrentQueue<string>();
        var clients = bench.Fleet.Running.All.Select(bench.Fleet.At).ToList();
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
            while (await timer.WaitForNextTickAsync(ct))
            {
                foreach (var (client, path) in clients.SelectMany(c => new[] { "/health/live", "/.well-known/openid-configuration", "/.well-known/jwks" }.Select(path => (c, path))))
                {
                    using var answer = await client.GetAsync(Nodes.Issuer + path, ct);
                    if (answer.StatusCode != HttpStatusCode.OK) refused.Enqueue($"{path}: {(int)answer.StatusCode}");
                }
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Enough.
        }
        finally
        {
            foreach (var client in clients) client.Dispose();
        }

        return refused;
    }

    private async Task<TimeSpan> UntilEachAsync(string path, HttpStatusCode status)
    {
        var took = await Task.WhenAll(bench.Fleet.Running.All.Select(async node =>
        {
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
            return await Lengths.UntilAsync(async () =>
            {
                using var answer = await http.GetAsync(node.Address + path, Ct);
                return answer.StatusCode == status;
            }, $"{path} of {node.Address} is {(int)status}", Ct);
        }));
        return took.Max();
    }

    /// <summary>However slow the machine: a job that began after the outage has come through.</summary>
    private static async Task OneMoreAsync(Load load)
    {
        var finished = load.Finished;
        await Lengths.UntilAsync(() => Task.FromResult(load.Finished > finished + 8), "jobs finish after the outage", Ct);
    }

    private void AssertNobodyEnded() => Assert.All(bench.Fleet.Running.All, node => Assert.False(node.HasExited, node.Output));

    private static void AssertToldToComeAgain(Recorder recorder)
    {
        Assert.True(recorder.Broken.Count == 0, Recorder.Describe(recorder.Broken));
        var silent = recorder.With(HttpStatusCode.ServiceUnavailable).Where(s => !s.SaysWhen).ToList();
        Assert.True(silent.Count == 0, $"503 without Retry-After: {Recorder.Describe(silent)}");
    }

    private static string Last(Recorder recorder, TimeSpan back) =>
        recorder.With(HttpStatusCode.ServiceUnavailable).Select(s => s.Ended - back).DefaultIfEmpty(TimeSpan.MinValue).Max() is var last && last > TimeSpan.Zero ? $"{last.TotalSeconds:0.0} s after it was back" : "before it was back";
}
