using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http.Outbound;
using TenantIdP.Testing.Stores;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Webhooks;

/// <summary>A production server whose DNS an attacker answers.</summary>
public abstract class RebindingManagement(TestStore store) : ManagementHost(store), IHostResolver
{
    public ConcurrentDictionary<string, IPAddress[]> Names { get; } = new();

    public ConcurrentQueue<string> Asked { get; } = new();

    public Task<IPAddress[]> ResolveAsync(string host, CancellationToken ct)
    {
        Asked.Enqueue(host);
        return Task.FromResult(Names.GetValueOrDefault(host) ?? []);
    }

    protected override void Configure(IServiceCollection services)
    {
        base.Configure(services);
        services.AddSingleton<IHostResolver>(this);
    }
}

public sealed class SqliteRebinding() : RebindingManagement(new SqliteStore());

public sealed class PostgreSqlRebinding(PostgreSqlCluster cluster) : RebindingManagement(new PostgreSqlStore(cluster));

[Trait("Attack", "G1")]
public abstract class WebhookGuardTests(RebindingManagement host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("10.0.0.5")]
    [InlineData("169.254.169.254")]
    [InlineData("fd00::1")]
    [InlineData("::ffff:7f00:1")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("1.1.1.1", "192.168.0.1")] // one good one does not let the other in
    [InlineData]
    public async Task A_name_that_leads_inside_by_now_is_not_dialled_and_the_answer_does_not_tell_why(params string[] addresses)
    {
        var owner = await host.NewUserAsync(Ct);
        var organization = await host.NewOrganizationAsync(Ct, owner);
        var name = $"{ManagementHost.Unique("rebind")}.example.com";
        host.Names[name] = [IPAddress.Parse("1.1.1.1")];
        using var api = await host.AsUserAsync(owner, organization, Ct);
        using var made = await api.PostAsJsonAsync($"organizations/{organization}/webhooks", new { url = $"https://{name}/", eventTypes = new[] { "*" } }, Ct);
        var id = (await made.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("webhook").GetProperty("id").GetString();

        host.Names[name] = [.. addresses.Select(IPAddress.Parse)];
        using var tested = await api.PostAsync($"organizations/{organization}/webhooks/{id}/test", null, Ct);
        var text = await tested.Content.ReadAsStringAsync(Ct);

        Assert.True(tested.IsSuccessStatusCode, text);
        var delivery = JsonDocument.Parse(text).RootElement.GetProperty("delivery");
        Assert.Equal(("unreachable", JsonValueKind.Null), (delivery.GetProperty("failure").GetString(), delivery.GetProperty("status").ValueKind));
        Assert.Contains(name, host.Asked);
        Assert.All(addresses, a => Assert.DoesNotContain($"\"{a}", text, StringComparison.Ordinal));
    }
}

public sealed class WebhookGuardOnSqlite(SqliteRebinding host) : WebhookGuardTests(host), IClassFixture<SqliteRebinding>;

[Trait("Store", "PostgreSql")]
public sealed class WebhookGuardOnPostgreSql(PostgreSqlRebinding host) : WebhookGuardTests(host), IClassFixture<PostgreSqlRebinding>;
