using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using TenantIdP.Faults.Bench;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>R3: nodes are killed while invited people make their accounts and join. Each invitation is pending or accepted with its member, and never half or twice.</summary>
public abstract class InvitationDeathTests
{
    private const int AtOnce = 4;
    private const string Password = "a first password under fire";

    private static readonly int Invited = Lengths.Runs(24, 200);

    private static readonly int Kills = Lengths.Runs(4, 60);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    internal abstract Fleet Fleet { get; }

    protected abstract Figures Figures { get; }

    protected abstract string Store { get; }

    [Fact]
    [Trait("Fault", "R3")]
    public async Task Each_invitation_is_pending_or_accepted_whatever_is_killed()
    {
        await RefillAsync();
        var organization = await World.OrganizationAsync(Fleet, Ct);
        var links = new List<string>();
        for (var i = 0; i < Invited; i++) links.Add((await Fleet.Operator.PostAsync($"organizations/{organization}/invitations", new { email = $"{World.Unique("invited")}@bench.example", roles = new[] { "guest" } }, Ct)).Text("url"));

        var (tries, arrived) = (0, 0);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var killing = KillAsync(() => Volatile.Read(ref arrived), done.Token);
        using var room = new SemaphoreSlim(AtOnce);
        await Task.WhenAll(links.Select(async link =>
        {
            await room.WaitAsync(Ct);
            try
            {
                await Lengths.UntilAsync(
                    async () =>
                    {
                        Interlocked.Increment(ref tries);
                        return await TryAsync(link);
                    }, "an invited person is in", Ct, every: TimeSpan.FromMilliseconds(250));
                Interlocked.Increment(ref arrived);
            }
            finally
            {
                room.Release();
            }
        }));
        await done.CancelAsync();
        var killed = await killing;
        await RefillAsync();

        await AssertAllAreInOnceAsync(organization);
        Figures.Add("R3", $"nodes are killed in {Invited} accepts, {Store}", "each pending or accepted; 0 half, 0 double", $"{killed} kills, {tries} tries, {Invited} members");
        Assert.True(killed > 0, "Nothing was killed.");
        await Fleet.AssertInvariantsAsync(Ct);
    }

    protected abstract Task RefillAsync();

    /// <summary>One visit from the link on.</summary>
    /// <returns>False when it was cut off.</returns>
    private async Task<bool> TryAsync(string link)
    {
        using var browser = Fleet.NewBrowser();
        try
        {
            var page = await browser.GetAsync(link, Ct);
            // Accepted by a try whose answer was lost.
            if (page.Status == HttpStatusCode.Gone && page.Text.Contains("used already", StringComparison.Ordinal)) return true;
            page = await browser.SubmitAsync(page, new Dictionary<string, string>(), Ct, button: page.Document.QuerySelector("button[value='accept']"));
            page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["name"] = "Invited Person", ["password"] = Password }, Ct);
            return page.Text.Contains("Welcome to", StringComparison.Ordinal);
        }
        catch (Exception cut) when (cut is HttpRequestException or IOException or InvalidOperationException or UnavailableException || (cut is OperationCanceledException && !Ct.IsCancellationRequested))
        {
            return false; // the node is gone, or its answer was a page without a form: 503 or 429
        }
    }

    /// <summary>A kill for every few who are in, while others are on their way: between two of them somebody gets on, on a slow machine as well, and a fast one is not done before.</summary>
    private async Task<int> KillAsync(Func<int> arrived, CancellationToken done)
    {
        var killed = 0;
        try
        {
            while (killed < Kills)
            {
                var due = Invited * (killed + 1) / (Kills + 1);
                await Lengths.UntilAsync(() => Task.FromResult(arrived() >= due), "people get on between two kills", done, every: TimeSpan.FromMilliseconds(10));
                await Lengths.PassAsync(TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(1, 150)), done); // at any moment of the next ones
                await Fleet.Running.All[killed % Fleet.Running.All.Count].KillAsync();
                killed++;
                await RefillAsync();
            }
        }
        catch (OperationCanceledException) when (done.IsCancellationRequested)
        {
            // Everybody is in.
        }

        return killed;
    }

    private async Task AssertAllAreInOnceAsync(string organization)
    {
        var accepted = await AllAsync($"organizations/{organization}/invitations?status=accepted");
        Assert.Equal(Invited, accepted.Count);
        Assert.Equal(Invited, accepted.Select(i => (string)i["memberId"]!).Distinct().Count()); // accepted ones have it
        var members = (await AllAsync($"organizations/{organization}/members")).Where(m => m["roles"]!.AsArray().All(r => (string)r!["key"]! != "owner")).ToList(); // by the API's document
        Assert.Equal(Invited, members.Count);
        Assert.All(members, m => Assert.Equal(("active", "guest", "invitation"), ((string)m["status"]!, (string)m["roles"]!.AsArray().Single()!["key"]!, (string)m["roles"]!.AsArray().Single()!["source"]!))); // as above
        Assert.Equal(accepted.Select(i => (string)i["memberId"]!).Order(), members.Select(m => (string)m["id"]!).Order()); // as above
    }

    private async Task<List<JsonNode>> AllAsync(string path)
    {
        var all = new List<JsonNode>();
        for (string? after = null; ;)
        {
            var page = await Fleet.Operator.GetAsync($"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}limit=200{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}", Ct);
            all.AddRange(page.Body!["data"]!.AsArray().Select(i => i!)); // a list by the API's document
            if ((after = (string?)page.Body["next"]) is null) return all;
        }
    }
}

[Collection(NodeBenchCollection.Name)]
[Trait("Store", "PostgreSql")]
public sealed class InvitationDeathOnPostgreSql(NodeBench bench) : InvitationDeathTests
{
    internal override Fleet Fleet => bench.Fleet;

    protected override Figures Figures => bench.Figures;

    protected override string Store => "PostgreSQL, 3 nodes";

    protected override Task RefillAsync() => bench.RefillAsync(TestContext.Current.CancellationToken);
}

[Collection(StoreBenchCollection.Name)]
public sealed class InvitationDeathOnSqlite(SqliteBench bench) : InvitationDeathTests, IClassFixture<SqliteBench>
{
    internal override Fleet Fleet => bench.Fleet;

    protected override Figures Figures => bench.Figures;

    protected override string Store => "SQLite";

    protected override async Task RefillAsync()
    {
        var ct = TestContext.Current.CancellationToken;
        var gone = Fleet.Running.All.Where(n => n.HasExited).ToList();
        if (gone.Count == Fleet.Running.All.Count) await Fleet.StartAsync(1, ct);
        foreach (var node in gone) Fleet.Forget(node); // not before: who asks meanwhile finds a node that is away, and not none
    }
}
