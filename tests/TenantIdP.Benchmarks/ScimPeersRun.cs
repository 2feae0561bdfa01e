using System.Diagnostics;
using System.Globalization;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using static TenantIdP.Benchmarks.ScimRequests;

namespace TenantIdP.Benchmarks;

/// <summary>
/// SCIM beside other products on one PostgreSQL: a user made, found, replaced among 100,000, one member more or less in a group of 10,000, all 10,000 replaced. A batch of each side in turn.
/// </summary>
internal sealed class ScimPeersRun(IdpHost host, PostgreSqlCluster cluster, Sizes sizes)
{
    private const int Users = 100_000;
    private const int GroupSize = 10_000;

    /// <summary>better-auth's groups end there.</summary>
    private const int SmallGroupSize = 900;

    private static readonly string[] Peers = ["saml-jackson", "better-auth"];

    private readonly List<(string Operation, IReadOnlyList<string> Cells)> rows = [];

    private sealed record Side(string Name, HttpClient Http, Cpu Cpu, string Domain, IReadOnlyList<string> Ids, Func<string, IEnumerable<string>, Task> Fill, Func<string, Task<int>> Count);

    public async Task RunAsync()
    {
        var ct = CancellationToken.None;
        var organization = await host.CreateOrganizationAsync(ct);
        var domain = await host.VerifyDomainAsync(organization, ct);
        var made = await host.CreateDirectoryAsync(organization, ct);
        await using var server = await StartServerAsync(host);
        using var scim = ClientOf(server, host, made);
        var postmaster = Cpu.PostmasterOf(host.Store.Settings);
        var sides = new List<Side> { await OursAsync(scim, new Cpu(() => server.Cpu, postmaster), made.Directory, domain) };
        var started = new List<ScimPeer>();
        try
        {
            foreach (var name in Peers)
            {
                var peer = await ScimPeer.StartAsync(name, await cluster.CreateDatabaseAsync(ct));
                started.Add(peer);
                await MakeAsync(peer.Http, "Users", User("template@peer.example"));
                sides.Add(new Side(name, peer.Http, new Cpu(() => peer.Cpu, postmaster), "peer.example", await peer.LoadAsync(Users), peer.FillAsync, peer.MembersAsync));
            }

            await MeasureAsync(sides);
        }
        finally
        {
            foreach (var peer in started) await peer.DisposeAsync();
        }

        Print(sides);
    }

    private async Task<Side> OursAsync(HttpClient scim, Cpu cpu, OrganizationDirectory directory, string domain)
    {
        var template = await MakeAsync(scim, "Users", User($"template@{domain}"));
        await Bulk.CopyDirectoryUsersAsync(host, directory.OrganizationId, Id<DirectoryUser>.Parse(template, null), Users);
        return new Side(
            "ours", scim, cpu, domain, [.. Enumerable.Range(1, Users).Select(Bulk.DirectoryUser)],
            (group, members) => Bulk.FillGroupAsync(host, directory.OrganizationId, Id<DirectoryGroup>.Parse(group, null), 1, members.Count()),
            async group => await Bulk.MembersAsync(host, Id<DirectoryGroup>.Parse(group, null)));
    }

    private async Task MeasureAsync(IReadOnlyList<Side> sides)
    {
        await InTurnAsync($"user created among {Users:N0}", Smaller(2), sides, side =>
        {
            var made = 0;
            return async _ => await SendAsync(side, HttpMethod.Post, "Users", User($"new-{Interlocked.Increment(ref made)}@{side.Domain}"));
        });
        await InTurnAsync($"filter userName eq among {Users:N0}", sizes, sides, side =>
        {
            var turn = 0;
            return async _ =>
            {
                var answer = await SendAsync(side, HttpMethod.Get, $"Users?filter=userName%20eq%20%22bulk-{Interlocked.Increment(ref turn) * 7919 % Users + 1}%40bulk.example%22");
                if (!answer.Contains("\"totalResults\":1,", StringComparison.Ordinal)) throw new InvalidOperationException($"{side.Name} did not find it.");
            };
        });
        await ReplaceUserAsync(sides);
        await OneMemberAsync(sides);
        foreach (var (what, op, first) in new[] { ("added to an empty group", "add", 0), ("replaced by others", "replace", GroupSize) }) await AllMembersAsync(sides, what, op, first);
    }

    private async Task ReplaceUserAsync(IReadOnlyList<Side> sides)
    {
        var own = new Dictionary<string, string[]>();
        foreach (var side in sides)
        {
            own[side.Name] = new string[Load.Workers];
            for (var i = 0; i < Load.Workers; i++) own[side.Name][i] = await MakeAsync(side.Http, "Users", User($"replaced-{i}@{side.Domain}"));
        }

        await InTurnAsync($"user replaced among {Users:N0}", Smaller(2), sides, side =>
        {
            var turn = 0;
            return async worker => await SendAsync(side, HttpMethod.Put, $"Users/{own[side.Name][worker]}", User($"replaced-{worker}@{side.Domain}", $"Title {Interlocked.Increment(ref turn)}"));
        });
    }

    /// <summary>Each worker has a group of its own: better-auth answers 409 to two changes of one group at once.</summary>
    private async Task OneMemberAsync(IReadOnlyList<Side> sides)
    {
        foreach (var size in new[] { SmallGroupSize, GroupSize })
        {
            var able = sides.Where(s => size == SmallGroupSize || s.Name != "better-auth").ToList();
            var groups = new Dictionary<string, string[]>();
            foreach (var side in able)
            {
                groups[side.Name] = new string[Load.Workers];
                for (var i = 0; i < Load.Workers; i++)
                {
                    groups[side.Name][i] = await MakeAsync(side.Http, "Groups", Group($"{i} of {size}"));
                    await side.Fill(groups[side.Name][i], side.Ids.Take(size));
                }
            }

            await InTurnAsync($"one member of {size:N0} added or removed", Smaller(2), able, side =>
            {
                var isIn = new bool[Load.Workers];
                return async worker => await SendAsync(side, HttpMethod.Patch, $"Groups/{groups[side.Name][worker]}", OneMember(isIn[worker] = !isIn[worker], side.Ids[^(worker + 1)]));
            });
        }
    }

    /// <summary>One request of each; whether it did what it was asked is counted afterwards.</summary>
    private async Task AllMembersAsync(IReadOnlyList<Side> sides, string what, string op, int first)
    {
        var cells = new List<string>();
        foreach (var side in sides)
        {
            var group = await MakeAsync(side.Http, "Groups", Group($"All, {what}"));
            if (op == "replace") await side.Fill(group, side.Ids.Take(side.Name == "better-auth" ? SmallGroupSize : GroupSize));
            var (before, started) = (side.Cpu.Seconds, Stopwatch.GetTimestamp());
            using var answer = await side.Http.PatchAsync($"Groups/{group}", Body(Members(op, side.Ids.Skip(first).Take(GroupSize))));
            var (took, after, count) = (Stopwatch.GetElapsedTime(started).TotalMilliseconds, side.Cpu.Seconds, await side.Count(group));
            var outcome = answer.IsSuccessStatusCode ? "" : string.Create(CultureInfo.InvariantCulture, $", answered {(int)answer.StatusCode}");
            cells.Add(string.Create(CultureInfo.InvariantCulture, $"{(after.App - before.App) * 1000:F0}+{(after.Database - before.Database) * 1000:F0}, {took:F0} ms{outcome}, {count:N0} members then"));
            await Console.Error.WriteLineAsync($"{side.Name}: {GroupSize:N0} members {what}: {cells[^1]}");
        }

        rows.Add(($"{GroupSize:N0} members {what}", cells));
    }

    private async Task InTurnAsync(string operation, Sizes of, IReadOnlyList<Side> sides, Func<Side, Func<int, Task>> make)
    {
        var figures = await Load.MeasureAsync(of, [.. sides.Select(side => (side.Cpu, make(side)))]);
        var cells = sides.Zip(figures, (side, figure) => string.Create(
            CultureInfo.InvariantCulture,
            $"{figure.App:F2}+{figure.Database:F2}, {figure.Wall:F1}/{figure.P95:F1} ms{(side.Name == "ours" ? "" : $", {figures[0].Both / figure.Both:F2}")}")).ToList();
        rows.Add((operation, cells));
        await Console.Error.WriteLineAsync($"{operation}: {string.Join(" | ", cells)}");
    }

    private static async Task<string> SendAsync(Side side, HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : Body(body) };
        using var answer = await side.Http.SendAsync(request);
        await ExpectAsync(answer);
        return await answer.Content.ReadAsStringAsync();
    }

    private Sizes Smaller(int by) => sizes with { WarmUp = sizes.WarmUp / by, Batch = sizes.Batch / by };

    private void Print(IReadOnlyList<Side> sides)
    {
        Console.WriteLine("CPU-ms app+db, p50/p95, and what ours costs divided by what theirs does.");
        Console.WriteLine();
        Console.WriteLine($"| operation | {string.Join(" | ", sides.Select(s => s.Name))} |");
        Console.WriteLine($"|---|{string.Concat(sides.Select(_ => "---|"))}");
        foreach (var (operation, cells) in rows) Console.WriteLine($"| {operation} | {string.Join(" | ", cells)} |{string.Concat(Enumerable.Repeat(" |", sides.Count - cells.Count))}");
    }
}
