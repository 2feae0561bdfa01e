using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using TenantIdP.Faults.Bench;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>R2: nodes are killed while a directory fills an organization and changes it, and tries again whatever broke off.</summary>
[Collection(NodeBenchCollection.Name)]
public sealed class DirectorySyncTests(NodeBench bench)
{
    private const int AtOnce = 4;
    private const int TeamSize = 8;

    private static readonly int Users = Lengths.Runs(120, 1_000);
    private static readonly int Teams = Lengths.Runs(12, 100);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Fault", "R2")]
    public async Task A_directory_that_tries_again_leaves_its_source_and_nothing_else()
    {
        await bench.RefillAsync(Ct);
        var fleet = bench.Fleet;
        await using var receiver = await EventReceiver.StartAsync(Ct);
        var (organization, domain) = await OrganizationAsync(receiver);
        var made = (await fleet.Operator.PostAsync($"organizations/{organization}/directories", new { displayName = "Source" }, Ct)).Body!; // made, or PostAsync had thrown
        var source = new ScimSource(fleet.Http, (string)made["directory"]!["baseUrl"]!, (string)made["token"]!["secret"]!); // by the API's document
        var machine = Machine.AtRest();
        var recorder = fleet.Record();

        var (people, teams) = Everybody(domain);
        var (ids, groups) = await SyncAsync(source, people, teams);
        foreach (var mapped in teams.Take(3)) await fleet.Operator.PostAsync($"organizations/{organization}/directories/{made["directory"]!["id"]}/group-mappings", new { groupId = groups[mapped.Name], role = "guest" }, Ct); // as above
        (people, teams) = Later(people, teams);
        await SyncAsync(source, people, teams);

        await AssertSameAsync(source, people, teams, ids);
        await bench.AssertInvariantsAsync(Ct); // and every event is sealed now
        var delivered = await AssertToldAsync(receiver, organization);
        bench.Figures.Add("R2", "nodes are killed while a directory pushes and changes", "end state equals source exactly, 0 duplicates, audit rows = changes, events at least once with a stable id",
            $"{Users} users, {Teams} groups; {source.Again} requests again; {recorder}; {delivered}{machine}");
        Assert.True(recorder.Broken.Count == 0, Recorder.Describe(recorder.Broken));
    }

    private async Task<(string Id, string Domain)> OrganizationAsync(EventReceiver receiver)
    {
        var api = bench.Fleet.Operator;
        var (organization, domain) = (await World.OrganizationAsync(bench.Fleet, Ct), $"{World.Unique("sync")}.example");
        var claimed = (await api.PostAsync($"organizations/{organization}/domains", new { host = domain }, Ct)).Text("id");
        await api.PostAsync($"organizations/{organization}/domains/{claimed}/verify-by-operator", new { reason = "A bench" }, Ct);
        await api.PostAsync($"organizations/{organization}/webhooks", new { url = receiver.Address, eventTypes = new[] { "member.*" } }, Ct);
        return (organization, domain);
    }

    /// <summary>A third of the way a node is killed, and at two thirds another one; each is replaced at once.</summary>
    /// <returns>The server's id of each user and of each group.</returns>
    private async Task<(IReadOnlyDictionary<int, string> Users, IReadOnlyDictionary<string, string> Groups)> SyncAsync(ScimSource source, IReadOnlyList<SourceUser> people, IReadOnlyList<SourceTeam> teams)
    {
        var (from, all) = (source.Done, people.Count + teams.Count);
        var killing = KillAsync(source, from + (all / 3), from + (all * 2 / 3));
        var (ids, groups) = (new ConcurrentDictionary<int, string>(), new ConcurrentDictionary<string, string>());
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = Ct };
        await Parallel.ForEachAsync(people, parallel, async (user, ct) => ids[user.Number] = await source.EnsureAsync(user, ct));
        await Parallel.ForEachAsync(teams, parallel, async (team, ct) => groups[team.Name] = await source.EnsureAsync(team, number => ids[number], ct));
        await killing;
        return (ids, groups);
    }

    private async Task KillAsync(ScimSource source, params int[] when)
    {
        foreach (var progress in when)
        {
            await Lengths.UntilAsync(() => Task.FromResult(source.Done >= progress), $"{progress} of the source are pushed", Ct);
            await bench.Fleet.Running.All[0].KillAsync();
            await bench.RefillAsync(Ct);
        }
    }

    private static (IReadOnlyList<SourceUser> People, IReadOnlyList<SourceTeam> Teams) Everybody(string domain) => (
        [.. Enumerable.Range(0, Users).Select(i => new SourceUser(i, $"user{i}@{domain}", $"User {i}", true))],
        [.. Enumerable.Range(0, Teams).Select(i => new SourceTeam($"Team {i}", [.. Enumerable.Range(0, TeamSize).Select(m => ((i * 3) + m) % Users)]))]);

    /// <summary>A tenth left, some were renamed, each team lost its first and got another.</summary>
    private static (IReadOnlyList<SourceUser> People, IReadOnlyList<SourceTeam> Teams) Later(IReadOnlyList<SourceUser> people, IReadOnlyList<SourceTeam> teams) => (
        [.. people.Select(p => p with { Active = p.Number % 10 != 0, DisplayName = p.Number % 7 == 0 ? $"Renamed {p.Number}" : p.DisplayName })],
        [.. teams.Select(t => t with { Members = [.. t.Members.Skip(1), (t.Members[^1] + 1) % Users] })]);

    private static async Task AssertSameAsync(ScimSource source, IReadOnlyList<SourceUser> people, IReadOnlyList<SourceTeam> teams, IReadOnlyDictionary<int, string> ids)
    {
        var users = await source.ReadAllAsync("Users", Ct);
        Assert.Equal(
            people.Select(p => $"{ids[p.Number]} {p.UserName} {p.ExternalId} {p.DisplayName} {p.Active}").Order(StringComparer.Ordinal),
            users.Select(u => $"{u["id"]} {u["userName"]} {u["externalId"]} {u["displayName"]} {(bool?)u["active"]}").Order(StringComparer.Ordinal));
        var groups = await source.ReadAllAsync("Groups", Ct);
        Assert.Equal(
            teams.Select(t => $"{t.Name}: {string.Join(' ', t.Members.Select(m => ids[m]).Order(StringComparer.Ordinal))}").Order(StringComparer.Ordinal),
            groups.Select(g => $"{g["displayName"]}: {string.Join(' ', (g["members"]?.AsArray() ?? []).Select(m => (string)m!["value"]!).Order(StringComparer.Ordinal))}").Order(StringComparer.Ordinal)); // objects with a value
    }

    /// <summary>The log has each change once, and whoever is sent webhooks was sent each of them at least once, under the id of the event.</summary>
    private async Task<string> AssertToldAsync(EventReceiver receiver, string organization)
    {
        var feed = await FeedAsync(organization);
        var since = feed.Skip(feed.FindIndex(e => (string?)e["type"] == "webhook.created") + 1).ToList();
        Assert.Equal(Users, since.Count(e => (string?)e["type"] == "member.joined"));
        Assert.Equal(Users / 10, since.Count(e => (string?)e["type"] == "member.deactivated"));

        var wanted = OfMembers(since);
        await Lengths.UntilAsync(() => Task.FromResult(wanted.All(receiver.Told.ContainsKey)), "every event of a member is delivered", Ct);
        // What was written just before the endpoint was made and sealed just after it is sent as well.
        Assert.Empty(receiver.Told.Keys.Except(OfMembers(feed)));
        Assert.Empty(receiver.Mistaken);
        return $"{wanted.Count} events of members in {receiver.Told.Values.Sum()} deliveries";
    }

    private static HashSet<string> OfMembers(IEnumerable<JsonNode> events) =>
        events.Where(e => ((string?)e["type"])!.StartsWith("member.", StringComparison.Ordinal)).Select(e => (string)e["id"]!).ToHashSet(StringComparer.Ordinal); // every event has both

    private async Task<List<JsonNode>> FeedAsync(string organization)
    {
        var feed = new List<JsonNode>();
        for (string? after = null; ;)
        {
            var page = await bench.Fleet.Operator.GetAsync($"organizations/{organization}/events?limit=200{(after is null ? "" : $"&after={after}")}", Ct);
            Assert.True(page.IsOk, $"{page.Code}");
            var data = page.Body!["data"]!.AsArray(); // a list
            feed.AddRange(data.Select(e => e!)); // objects
            var next = (string?)page.Body["next"];
            if (data.Count == 0 || next is null || next == after) return feed;
            after = next;
        }
    }
}
