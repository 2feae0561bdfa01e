using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Testing.Hosting;
using static TenantIdP.Benchmarks.ScimRequests;

namespace TenantIdP.Benchmarks;

/// <summary>SCIM: a directory of 100,000 users, one of them made, found and replaced, one member more or less in groups of three sizes, and a group of 10,000 filled and replaced.</summary>
internal sealed class ScimRun(IdpHost host, Sizes sizes)
{
    private const int Users = 100_000;
    private const int Replaced = 10_000;

    private static readonly int[] GroupSizes = [10, 10_000, 100_000];

    public List<(string Operation, Figure Ours, Figure? Floor)> Figures { get; } = [];

    public async Task RunAsync()
    {
        var ct = CancellationToken.None;
        var organization = await host.CreateOrganizationAsync(ct);
        var domain = await host.VerifyDomainAsync(organization, ct);
        var made = await host.CreateDirectoryAsync(organization, ct);
        await using var server = await StartServerAsync(host);
        using var scim = ClientOf(server, host, made);
        var template = await MakeAsync(scim, "Users", User($"template@{domain}"));
        await Bulk.CopyDirectoryUsersAsync(host, organization.Id, Id<DirectoryUser>.Parse(template, null), Users);

        await CreateAsync(scim, server, domain);
        await FilterAsync(scim, server);
        await ReplaceUserAsync(scim, server, domain);
        foreach (var size in GroupSizes) await OneMemberAsync(scim, server, made.Directory, size);
        await ReplaceMembersAsync(scim, server);
    }

    private async Task CreateAsync(HttpClient scim, ServerProcess server, string domain)
    {
        var made = 0;
        Add($"user created among {Users:N0}", await Load.MeasureAsync(Cpu(server), Smaller(2), async _ =>
        {
            using var answer = await scim.PostAsync("Users", Body(User($"new-{Interlocked.Increment(ref made)}@{domain}")));
            await ExpectAsync(answer);
        }));
    }

    private async Task FilterAsync(HttpClient scim, ServerProcess server)
    {
        var turn = 0;
        Add($"filter userName eq among {Users:N0}", await Load.MeasureAsync(Cpu(server), sizes, async _ =>
        {
            var wanted = Interlocked.Increment(ref turn) * 7919 % Users + 1;
            using var answer = await scim.GetAsync($"Users?filter=userName%20eq%20%22bulk-{wanted}%40bulk.example%22");
            await ExpectAsync(answer);
            if (!(await answer.Content.ReadAsStringAsync()).Contains("\"totalResults\":1,", StringComparison.Ordinal)) throw new InvalidOperationException($"bulk-{wanted} is not found.");
        }));
    }

    /// <summary>Each worker replaces a user of its own by one with another title.</summary>
    private async Task ReplaceUserAsync(HttpClient scim, ServerProcess server, string domain)
    {
        var (own, turn) = (new string[Load.Workers], 0);
        for (var i = 0; i < own.Length; i++) own[i] = await MakeAsync(scim, "Users", User($"replaced-{i}@{domain}"));
        Add($"user replaced among {Users:N0}", await Load.MeasureAsync(Cpu(server), Smaller(2), async worker =>
        {
            using var answer = await scim.PutAsync($"Users/{own[worker]}", Body(User($"replaced-{worker}@{domain}", $"Title {Interlocked.Increment(ref turn)}")));
            await ExpectAsync(answer);
        }));
    }

    /// <summary>Each worker adds and removes a user of its own.</summary>
    private async Task OneMemberAsync(HttpClient scim, ServerProcess server, OrganizationDirectory directory, int size)
    {
        var group = await MakeAsync(scim, "Groups", Group($"Of {size}"));
        await Bulk.FillGroupAsync(host, directory.OrganizationId, Id<DirectoryGroup>.Parse(group, null), 1, size);
        var own = new string[Load.Workers];
        for (var i = 0; i < own.Length; i++) own[i] = Bulk.DirectoryUser(Users - i); // of those who are in the largest group alone
        var isIn = new bool[Load.Workers];
        Array.Fill(isIn, size == Users);
        Add($"one member of {size:N0} added or removed", await Load.MeasureAsync(Cpu(server), Smaller(2), async worker =>
        {
            using var answer = await scim.PatchAsync($"Groups/{group}", Body(OneMember(isIn[worker] = !isIn[worker], own[worker])));
            await ExpectAsync(answer);
        }));
        Add($"group of {size:N0} read without its members", await Load.MeasureAsync(Cpu(server), sizes, async _ =>
        {
            using var answer = await scim.GetAsync($"Groups/{group}?excludedAttributes=members");
            await ExpectAsync(answer);
        }));
    }

    private async Task ReplaceMembersAsync(HttpClient scim, ServerProcess server)
    {
        var group = await MakeAsync(scim, "Groups", Group("Replaced"));
        foreach (var (what, op, first) in new[] { ("filled by one addition", "add", 1), ("replaced by others", "replace", Replaced + 1), ("replaced by the same", "replace", Replaced + 1), ("replaced by half of them", "replace", Replaced + Replaced / 2 + 1) })
        {
            var members = Members(op, Enumerable.Range(first, Replaced).Select(Bulk.DirectoryUser));
            var (before, started) = (Cpu(server).Seconds, Stopwatch.GetTimestamp());
            using var answer = await scim.PatchAsync($"Groups/{group}", Body(members));
            await ExpectAsync(answer);
            var took = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            var after = Cpu(server).Seconds;
            Add($"group of {Replaced:N0} {what}", new Figure((after.App - before.App) * 1000, (after.Database - before.Database) * 1000, took));
        }
    }

    private Sizes Smaller(int by) => sizes with { WarmUp = sizes.WarmUp / by, Batch = sizes.Batch / by };

    private void Add(string operation, Figure ours)
    {
        Figures.Add((operation, ours, null));
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{host.Store.Settings["TenantIdP:Database:Provider"]}: {operation}: {ours.App:F2}+{ours.Database:F2} CPU-ms, {ours.Wall:F1} ms, p99 {ours.Tail:F1}"));
    }

    private Cpu Cpu(ServerProcess server) => new(() => server.Cpu, Benchmarks.Cpu.PostmasterOf(host.Store.Settings));
}
