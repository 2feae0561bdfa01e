using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Outbox;

public abstract class OutboxEndpointTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_operator_lists_dead_messages_page_by_page_and_replays_one()
    {
        using var client = host.AsOperator();
        var (organization, kind) = (await host.NewOrganizationAsync(Ct), Kind());
        var dead = new[] { await DeadAsync(kind), await DeadAsync(kind, organization), await DeadAsync(kind) };
        await DeadAsync(Kind());

        var first = await GetAsync(client, $"outbox?kind={kind}&limit=2");
        var second = await GetAsync(client, $"outbox?kind={kind}&limit=2&after={first.GetProperty("next").GetString()}");

        Assert.Equal(dead.Select(d => d.ToString()).Order(), first.GetProperty("data").EnumerateArray().Concat(second.GetProperty("data").EnumerateArray()).Select(m => m.GetProperty("id").GetString()!).Order());
        Assert.Equal(JsonValueKind.Null, second.GetProperty("next").ValueKind);
        var own = Assert.Single((await GetAsync(client, $"outbox?kind={kind}&organizationId={organization}")).GetProperty("data").EnumerateArray());
        Assert.Equal((dead[1].ToString(), organization.ToString(), "dead", "410"), (Text(own, "id"), Text(own, "organizationId"), Text(own, "state"), Text(own, "lastError")));
        Assert.DoesNotContain("payload", own.GetRawText(), StringComparison.OrdinalIgnoreCase);
        Assert.Empty((await GetAsync(client, $"outbox?kind={kind}&state=pending")).GetProperty("data").EnumerateArray());

        await AssertProblem.IsAsync(await client.GetAsync("outbox?state=lost", Ct), HttpStatusCode.BadRequest, "message_state_invalid", Ct);
        using var replay = await client.PostAsync($"outbox/{dead[1]}/replay", null, Ct);
        Assert.Equal(HttpStatusCode.OK, replay.StatusCode);
        Assert.Equal("pending", Text(await replay.Content.ReadFromJsonAsync<JsonElement>(Ct), "state"));
        Assert.Equal(dead[1].ToString(), Text(Assert.Single((await GetAsync(client, $"outbox?kind={kind}&state=pending")).GetProperty("data").EnumerateArray()), "id"));
        using var again = await client.PostAsync($"outbox/{dead[1]}/replay", null, Ct);
        await AssertProblem.IsAsync(again, HttpStatusCode.Conflict, "message_not_dead", Ct);
        using var unknown = await client.PostAsync($"outbox/{Id<OutboxMessage>.New(TimeProvider.System.GetUtcNow())}/replay", null, Ct);
        await AssertProblem.IsAsync(unknown, HttpStatusCode.NotFound, "message_not_found", Ct);
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task An_owner_of_an_organization_is_no_operator()
    {
        var owner = await host.NewUserAsync(Ct);
        var organization = await host.NewOrganizationAsync(Ct, owner);
        using var client = await host.AsUserAsync(owner, organization, Ct);

        await AssertProblem.IsAsync(await client.GetAsync($"outbox?organizationId={organization}", Ct), HttpStatusCode.Forbidden, "operator_required", Ct);
    }

    private static string Kind() => ManagementHost.Unique("k")[..^1].Replace('-', '_');

    private static string? Text(JsonElement of, string member) => of.GetProperty(member).GetString();

    private Task<Id<OutboxMessage>> DeadAsync(string kind, Id<Organization>? organization = null) => host.UseAsync<IServiceProvider, Id<OutboxMessage>>(organization, async scope =>
    {
        var db = scope.GetRequiredService<IdpDbContext>();
        var id = scope.GetRequiredService<OutboxWriter>().Add(new NewOutboxMessage(kind, $"{kind}:k", "d", new { }) { Organization = organization ?? Organization.Instance }).Id;
        await db.SaveChangesAsync(Ct);
        var until = TimeProvider.System.GetUtcNow() + OutboxMessage.DeadKept;
        await db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(m => m.Id == id).ExecuteUpdateAsync(
            set => set.SetProperty(m => m.State, OutboxState.Dead).SetProperty(m => m.LastError, "410").SetProperty(m => m.ExpiresAt, until), Ct);
        return id;
    });

    private static async Task<JsonElement> GetAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path, Ct);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        return JsonDocument.Parse(text).RootElement;
    }
}

public sealed class OutboxEndpointsOnSqlite(SqliteManagement host) : OutboxEndpointTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class OutboxEndpointsOnPostgreSql(PostgreSqlManagement host) : OutboxEndpointTests(host), IClassFixture<PostgreSqlManagement>;
