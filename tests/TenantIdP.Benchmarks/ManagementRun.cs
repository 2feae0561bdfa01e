using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Hosting;

namespace TenantIdP.Benchmarks;

/// <summary>The management API: permission checks beside one join by hand, pages of an organization of 100,000 members, and members added to it.</summary>
internal sealed class ManagementRun(IdpHost host, Sizes sizes, bool onlyChecks = false)
{
    private const int Members = 100_000;
    private const int FewOrganizations = 100;
    private const int Imported = 10_000;

    public List<(string Operation, Figure Ours, Figure? Floor)> Figures { get; } = [];

    public async Task RunAsync()
    {
        var ct = CancellationToken.None;
        var user = await host.CreateUserAsync($"jane@{host.UniqueHost()}", ct);
        var organization = await host.CreateOrganizationAsync(ct);
        await host.AddMemberAsync(organization, user, ct);
        var permission = Permission.MembersRead;
        if (!onlyChecks) await Bulk.CopyMembersAsync(host, organization.Id, Members);
        var floor = await FloorAsync(organization.Id.Value, user.Id.Value, permission);

        await using (var server = await StartAsync())
        {
            // A token a step: it does not outlive all of them.
            using (var api = await ApiAsync(server)) await CheckAsync(api, server, organization.Id, user.Id, permission, FewOrganizations, floor);
            if (onlyChecks) return;
            using (var api = await ApiAsync(server)) await PagesAsync(api, server, organization.Id);
            using (var api = await ApiAsync(server)) await AddAsync(api, server, organization.Id);
            using (var api = await ApiAsync(server)) await ImportAsync(api, server);
        }

        await Bulk.CopyAsync(host, (await host.CreateOrganizationAsync(ct)).Id, 1, sizes.Organizations, onlyOrganizations: true);
        await using (var server = await StartAsync())
        {
            using var api = await ApiAsync(server);
            await CheckAsync(api, server, organization.Id, user.Id, permission, sizes.Organizations, floor);
        }
    }

    private async Task<Figure> FloorAsync(Guid organization, Guid user, string permission)
    {
        await using var server = ServerProcess.Start(
            [typeof(ManagementRun).Assembly.Location, "floor"],
            new Dictionary<string, string?> { ["Provider"] = host.Store.Settings["TenantIdP:Database:Provider"], ["ConnectionStrings:Floor"] = host.Store.Settings["ConnectionStrings:TenantIdP"] },
            "Production");
        await server.ReadyAsync(CancellationToken.None);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = Load.Workers }) { BaseAddress = new Uri(server.Address) };
        return await Load.MeasureAsync(Cpu(server), sizes, async _ =>
        {
            using var answer = await http.PostAsJsonAsync("/check", new FloorHost.Question(organization, user, permission));
            if (!(await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("allowed").GetBoolean()) throw new InvalidOperationException("The floor says no.");
        });
    }

    private async Task CheckAsync(HttpClient api, ServerProcess server, Id<Organization> organization, Id<User> user, string permission, int organizations, Figure floor)
    {
        var body = new { checks = new[] { new { userId = user.ToString(), organizationId = organization.ToString(), permission } } };
        Add($"permission check, of {organizations:N0} organizations", floor, await Load.MeasureAsync(Cpu(server), sizes, async _ =>
        {
            using var answer = await api.PostAsJsonAsync("authorization/check", body);
            if (!answer.IsSuccessStatusCode) throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
        }));
    }

    private async Task PagesAsync(HttpClient api, ServerProcess server, Id<Organization> organization)
    {
        string? after = null;
        foreach (var depth in new[] { "first", "middle", "last" })
        {
            if (depth != "first") after = await WalkAsync(api, organization, after, Members / 200 / 2 - 2);
            var path = $"organizations/{organization}/members?limit=100" + (after is null ? "" : $"&after={Uri.EscapeDataString(after)}");
            Add($"{depth} page of 100 members of {Members:N0}", null, await Load.MeasureAsync(Cpu(server), sizes with { WarmUp = sizes.WarmUp / 5, Batch = sizes.Batch / 5 }, async _ =>
            {
                using var answer = await api.GetAsync(path);
                if (!answer.IsSuccessStatusCode) throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
            }));
        }
    }

    private static async Task<string?> WalkAsync(HttpClient api, Id<Organization> organization, string? after, int pages)
    {
        for (var i = 0; i < pages; i++)
        {
            var page = await api.GetFromJsonAsync<JsonElement>($"organizations/{organization}/members?limit=200" + (after is null ? "" : $"&after={Uri.EscapeDataString(after)}"));
            after = page.GetProperty("next").GetString() ?? throw new InvalidOperationException("The list ended early.");
        }

        return after;
    }

    private async Task AddAsync(HttpClient api, ServerProcess server, Id<Organization> organization)
    {
        var smaller = sizes with { WarmUp = sizes.WarmUp / 5, Batch = sizes.Batch / 5 };
        var users = new Queue<string>(await Bulk.NewUsersAsync(host, smaller.WarmUp + smaller.Batch * smaller.Batches));
        Add($"membership added to {Members:N0}", null, await Load.MeasureAsync(Cpu(server), smaller, async _ =>
        {
            string user;
            lock (users) user = users.Dequeue();
            using var answer = await api.PostAsJsonAsync($"organizations/{organization}/members", new { userId = user });
            if (!answer.IsSuccessStatusCode) throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
        }));
    }

    /// <summary>New people with an address, a password hash and a membership; then the same file again.</summary>
    private async Task ImportAsync(HttpClient api, ServerProcess server)
    {
        var organization = (await host.CreateOrganizationAsync(CancellationToken.None)).Id.ToString();
        var rows = string.Join('\n', Enumerable.Range(1, Imported).Select(i => JsonSerializer.Serialize(new
        {
            externalId = $"import-{organization}-{i}", email = $"import-{i}@{organization[4..].ToLowerInvariant()}.example", emailVerified = true, name = $"Person {i}",
            passwordHash = new { hash = "pbkdf2_sha256$1000$Q9sDzq0mVn1k$+wNUyx27pae5c0Itt6UZ8Sl5tXSB6KTDcLAA66IiXyA=" }, memberships = new[] { new { organization } },
        })));
        foreach (var (what, status) in new[] { ("imported, per row", "created"), ("imported again, per row", "unchanged") })
        {
            var (before, started) = (Cpu(server).Seconds, Stopwatch.GetTimestamp());
            using var answer = await api.PostAsync("users/import", new StringContent(rows, Encoding.UTF8, "application/x-ndjson"));
            var text = await answer.Content.ReadAsStringAsync();
            var took = Stopwatch.GetElapsedTime(started).TotalMilliseconds / Imported;
            var after = Cpu(server).Seconds;
            var done = text.Split('\n').Count(line => line.Contains($"\"{status}\"", StringComparison.Ordinal));
            if (done != Imported) throw new InvalidOperationException($"{done} rows are {status}: {text[..Math.Min(400, text.Length)]}");
            Add($"{Imported:N0} people {what}", null, new Figure((after.App - before.App) * 1000 / Imported, (after.Database - before.Database) * 1000 / Imported, took));
        }
    }

    private void Add(string operation, Figure? floor, Figure ours)
    {
        Figures.Add((operation, ours, floor));
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{host.Store.Settings["TenantIdP:Database:Provider"]}: {operation}: {ours.App:F2}+{ours.Database:F2}"));
    }

    private async Task<ServerProcess> StartAsync()
    {
        var server = ServerProcess.Start(new Dictionary<string, string?>(host.Store.Settings)
        {
            ["TenantIdP:Issuer"] = host.Issuer, ["Logging:LogLevel:Default"] = "Warning",
            ["TenantIdP:RateLimits:RequestsPerMinute"] = "1000000", // the load is one caller's
        });
        await server.ReadyAsync(CancellationToken.None, new Uri(host.Issuer).Authority);
        return server;
    }

    private async Task<HttpClient> ApiAsync(ServerProcess server)
    {
        using var bootstrap = new Client(server.Address, new Uri(host.Issuer).Authority, IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, "");
        var token = await bootstrap.ClientCredentialsAsync("management");
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = Load.Workers }) { BaseAddress = new Uri(server.Address + "/api/v1/") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        http.DefaultRequestHeaders.Host = new Uri(host.Issuer).Authority;
        return http;
    }

    private Cpu Cpu(ServerProcess server) => new(() => server.Cpu, Benchmarks.Cpu.PostmasterOf(host.Store.Settings));
}
