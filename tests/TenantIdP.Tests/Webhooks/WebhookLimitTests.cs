using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Webhooks;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Webhooks;

/// <summary>How much one endpoint can make wait, be kept and be done.</summary>
public abstract class WebhookLimitTests(TestStore store)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Attack", "R16")]
    public async Task An_endpoint_with_ten_thousand_messages_waiting_is_disabled_says_so_and_is_sent_nothing_again()
    {
        var (node, organization, endpoint) = await SceneAsync();
        await WaitAsync(node, organization, endpoint, WebhookBacklog.Most - 1);

        await node.RecordAsync(organization, Ct, "last", "too_much", "as_well");
        await node.SealAsync(Ct);

        Assert.Equal(WebhookBacklog.Most, await WaitingAsync(node, organization, endpoint));
        var found = await node.FindAsync(organization, endpoint, Ct);
        Assert.Equal((WebhookStatus.Disabled, WebhookDisabling.Backlog, "system"), (found.Status, found.DisabledBecause, found.DisabledBy));
        var notice = await node.UseAsync<IdpDbContext, Event>(db => db.Events.SingleAsync(e => e.Type == EventTypes.WebhookDisabled && e.TargetId == endpoint.ToString(), Ct), organization);
        Assert.Contains("\"backlog\"", notice.Data, StringComparison.Ordinal);

        await node.UseAsync<WebhookService, bool>(async s => (await s.UpdateAsync(organization, endpoint, new WebhookChanges { Enabled = true }, Granter.Instance, null, Ct)).IsOk, organization);
        var delivery = await DeliverAsync(node, organization, endpoint, "last");
        Assert.Equal("webhook_backlog_full", (await ReplayAsync(node, organization, endpoint, delivery)).Error?.Code);
        await node.RecordAsync(organization, Ct, "still_too_much");
        await node.SealAsync(Ct);
        Assert.Equal(WebhookStatus.Disabled, (await node.FindAsync(organization, endpoint, Ct)).Status);

        Assert.True((await node.UseAsync<WebhookService, Result>(s => s.DeleteAsync(organization, endpoint, Ct), organization)).IsOk);
        Assert.Equal(0, await WaitingAsync(node, organization, endpoint)); // in batches
    }

    [Fact]
    public async Task Enabling_makes_the_oldest_message_due_and_writes_no_other()
    {
        var (node, organization, endpoint) = await SceneAsync();
        await WaitAsync(node, organization, endpoint, 3);
        var later = node.Clock.GetUtcNow() + TimeSpan.FromHours(1);
        await node.UseAsync<IdpDbContext, int>(db => db.OutboxMessages.ExecuteUpdateAsync(set => set.SetProperty(m => m.DueAt, later), Ct), organization);

        foreach (var enabled in new[] { false, true })
            Assert.True(await node.UseAsync<WebhookService, bool>(async s => (await s.UpdateAsync(organization, endpoint, new WebhookChanges { Enabled = enabled }, Granter.Instance, null, Ct)).IsOk, organization));

        var now = node.Clock.GetUtcNow();
        Assert.Equal([true, false, false], (await node.UseAsync<IdpDbContext, List<OutboxMessage>>(db => db.OutboxMessages.AsNoTracking().OrderBy(m => m.Sequence).ToListAsync(Ct), organization)).Select(m => m.DueAt <= now));
    }

    [Fact]
    public async Task Of_the_events_of_one_batch_the_first_is_due_and_the_end_of_each_lets_the_next_go()
    {
        var (node, organization, endpoint) = await SceneAsync();
        await node.RecordAsync(organization, Ct, "a", "b", "c");
        await node.SealAsync(Ct);
        Assert.Equal(3, await WaitingAsync(node, organization, endpoint));

        for (var left = 3; left > 0; left--)
        {
            Assert.Equal([true, .. Enumerable.Repeat(false, left - 1)], (await node.UseAsync<IdpDbContext, List<OutboxMessage>>(
                db => db.OutboxMessages.AsNoTracking().Where(m => m.State == OutboxState.Pending).OrderBy(m => m.Sequence).ToListAsync(Ct), organization)).Select(m => m.DueAt <= node.Clock.GetUtcNow()));
            var room = new OutboxRoom([new OutboxKind(WebhookMessage.Kind, TimeSpan.FromSeconds(1), WebhookSchedule.Schedule)], 1_000, []);
            var claimed = (await node.UseAsync<OutboxClaims, IReadOnlyList<OutboxMessage>>(c => c.ClaimAsync("node", room, Ct))).Single(m => m.OrganizationId == organization);
            await node.UseAsync<OutboxClaims, OutboxState>(c => c.RecordAsync(claimed, new OutboxOutcome.Delivered(), WebhookSchedule.Schedule, Ct));
            node.Clock.Advance(TimeSpan.FromMilliseconds(2));
        }
    }

    [Fact]
    public async Task What_is_sent_again_comes_right_after_what_waits()
    {
        var (node, organization, endpoint) = await SceneAsync();
        await node.RecordAsync(organization, Ct, "first");
        await node.SealAsync(Ct);
        var delivery = await DeliverAsync(node, organization, endpoint, "first");

        Assert.True((await ReplayAsync(node, organization, endpoint, delivery)).IsOk);
        node.Clock.Advance(TimeSpan.FromMilliseconds(2)); // of one millisecond there is no order
        await node.RecordAsync(organization, Ct, "second");
        await node.SealAsync(Ct);

        var waiting = await node.UseAsync<IdpDbContext, List<OutboxMessage>>(db => db.OutboxMessages.AsNoTracking().OrderBy(m => m.Sequence).ThenBy(m => m.Id).ToListAsync(Ct), organization);
        Assert.Equal([WebhookCause.Event, WebhookCause.Replay, WebhookCause.Event], waiting.Select(m => m.Read<WebhookMessage>(node.Box).Cause));
    }

    [Fact]
    public async Task Of_an_endpoints_deliveries_the_newest_thousand_are_kept()
    {
        var (node, organization, endpoint) = await SceneAsync();
        var kept = new List<Id<WebhookDelivery>>();
        for (var i = 0; i < WebhookDelivery.Most + 3; i++)
        {
            node.Clock.Advance(TimeSpan.FromMilliseconds(2));
            kept.Add(await TryAsync(node, organization, endpoint));
        }

        var other = await node.NewEndpointAsync(organization, Ct);
        await TryAsync(node, organization, other);
        await PruneAsync(node);

        Assert.Equal(kept[3..], await node.UseAsync<IdpDbContext, List<Id<WebhookDelivery>>>(db => db.WebhookDeliveries.Where(d => d.EndpointId == endpoint).OrderBy(d => d.Id).Select(d => d.Id).ToListAsync(Ct), organization));
        Assert.Equal(1, await node.UseAsync<IdpDbContext, int>(db => db.WebhookDeliveries.CountAsync(d => d.EndpointId == other, Ct), organization));
    }

    [Fact]
    public async Task What_waits_for_an_endpoint_that_has_been_disabled_for_thirty_days_is_given_up()
    {
        var (node, organization, endpoint) = await SceneAsync();
        var enabled = await node.NewEndpointAsync(organization, Ct, "user.*");
        foreach (var to in new[] { endpoint, enabled }) await WaitAsync(node, organization, to, 2);
        await node.UseAsync<WebhookService, bool>(async s => (await s.UpdateAsync(organization, endpoint, new WebhookChanges { Enabled = false }, Granter.Instance, null, Ct)).IsOk, organization);

        node.Clock.Advance(WebhookEndpoint.WaitsFor - TimeSpan.FromMinutes(1));
        await PruneAsync(node);
        Assert.Equal(2, await WaitingAsync(node, organization, endpoint));
        node.Clock.Advance(TimeSpan.FromMinutes(2));
        await PruneAsync(node);

        Assert.Equal((0, 2), (await WaitingAsync(node, organization, endpoint), await WaitingAsync(node, organization, enabled)));
    }

    [Fact]
    [Trait("Attack", "R16")]
    public async Task An_endpoint_is_tested_and_sent_things_again_thirty_times_a_minute()
    {
        var (node, organization, endpoint) = await SceneAsync();
        await node.RecordAsync(organization, Ct, "first");
        await node.SealAsync(Ct);
        var delivery = await DeliverAsync(node, organization, endpoint, "first");
        for (var i = 0; i < WebhookDeliveries.MostByHand - 1; i++) Assert.True((await ForTestAsync(endpoint)).IsOk);
        Assert.True((await ReplayAsync(node, organization, endpoint, delivery)).IsOk);

        Assert.Equal("webhook_too_often", (await ForTestAsync(endpoint)).Error?.Code);
        Assert.Equal("webhook_too_often", (await ReplayAsync(node, organization, endpoint, delivery)).Error?.Code);
        Assert.True((await ForTestAsync(await node.NewEndpointAsync(organization, Ct))).IsOk); // each has its own
        node.Clock.Advance(TimeSpan.FromSeconds(61));
        Assert.True((await ForTestAsync(endpoint)).IsOk);

        Task<Result<WebhookEndpoint>> ForTestAsync(Id<WebhookEndpoint> id) => node.UseAsync<WebhookDeliveries, Result<WebhookEndpoint>>(d => d.ForTestAsync(organization, id, Granter.Instance, Ct), organization);
    }

    [Fact]
    public async Task While_an_organization_is_suspended_its_messages_are_held()
    {
        var (node, organization, endpoint) = await SceneAsync();
        await node.RecordAsync(organization, Ct, "first");
        await node.SealAsync(Ct);
        var message = (await node.UseAsync<IdpDbContext, OutboxMessage>(db => db.OutboxMessages.AsNoTracking().SingleAsync(Ct), organization)).Read<WebhookMessage>(node.Box);
        Assert.Equal(endpoint, message.Endpoint);

        foreach (var status in new[] { OrganizationStatus.Suspended, OrganizationStatus.Active })
        {
            await node.UseAsync<IdpDbContext, int>(db => db.Organizations.Where(o => o.Id == organization).ExecuteUpdateAsync(set => set.SetProperty(o => o.Status, status), Ct), organization);
            var (turn, instead) = await node.UseAsync<WebhookTurns, (WebhookTurn?, WebhookOutcome?)>(t => t.BeginAsync(organization, message, 1, Ct));
            Assert.Equal((status == OrganizationStatus.Active, status == OrganizationStatus.Suspended), (turn is not null, instead is WebhookOutcome.Held));
        }
    }

    private async Task<(WebhookNode Node, Id<Organization> Organization, Id<WebhookEndpoint> Endpoint)> SceneAsync()
    {
        var node = new WebhookNode(store);
        var organization = await store.NewOrganizationAsync(Ct);
        return (node, organization, await node.NewEndpointAsync(organization, Ct, "member.*"));
    }

    private static Task<bool> WaitAsync(WebhookNode node, Id<Organization> organization, Id<WebhookEndpoint> endpoint, int count) => node.UseAsync<IServiceProvider, bool>(async services =>
    {
        var (db, outbox) = (services.GetRequiredService<IdpDbContext>(), services.GetRequiredService<OutboxWriter>());
        var message = WebhookMessage.About(endpoint, organization, Id<Event>.New(node.Clock.GetUtcNow()), WebhookCause.Event);
        for (var i = 0; i < count; i++) outbox.Add(new NewOutboxMessage(WebhookMessage.Kind, WebhookMessage.OrderingKey(endpoint), $"webhook:{endpoint}", message) { Organization = organization, Sequence = i });
        await db.SaveChangesAsync(Ct);
        return true;
    }, organization);

    private static Task<int> WaitingAsync(WebhookNode node, Id<Organization> organization, Id<WebhookEndpoint> endpoint)
    {
        var key = WebhookMessage.OrderingKey(endpoint);
        return node.UseAsync<IdpDbContext, int>(db => db.OutboxMessages.CountAsync(m => m.State == OutboxState.Pending && m.OrderingKey == key, Ct), organization);
    }

    /// <summary>As if the message about the event had been sent.</summary>
    private static async Task<Id<WebhookDelivery>> DeliverAsync(WebhookNode node, Id<Organization> organization, Id<WebhookEndpoint> endpoint, string target)
    {
        var recorded = await node.UseAsync<IdpDbContext, Id<Event>>(db => db.Events.Where(e => e.TargetId == target).Select(e => e.Id).SingleAsync(Ct), organization);
        var (turn, _) = await node.UseAsync<WebhookTurns, (WebhookTurn?, WebhookOutcome?)>(t => t.BeginAsync(organization, WebhookMessage.About(endpoint, organization, recorded, WebhookCause.Event), 1, Ct));
        return await EndAsync(node, turn!); // the endpoint is enabled
    }

    private static async Task<Id<WebhookDelivery>> TryAsync(WebhookNode node, Id<Organization> organization, Id<WebhookEndpoint> endpoint)
    {
        var found = await node.FindAsync(organization, endpoint, Ct);
        return await EndAsync(node, await node.UseAsync<WebhookTurns, WebhookTurn>(t => Task.FromResult(t.BeginTest(found))));
    }

    private static async Task<Id<WebhookDelivery>> EndAsync(WebhookNode node, WebhookTurn turn) => (await node.UseAsync<WebhookTurns, (WebhookOutcome, WebhookDelivery Delivery)>(
        t => t.EndAsync(turn, new WebhookRequest(node.Clock.GetUtcNow(), "{}"), new WebhookAnswer(204, null, null, TimeSpan.FromMilliseconds(5), null), Ct))).Delivery.Id;

    private static Task<Result<WebhookDelivery>> ReplayAsync(WebhookNode node, Id<Organization> organization, Id<WebhookEndpoint> endpoint, Id<WebhookDelivery> delivery) =>
        node.UseAsync<WebhookDeliveries, Result<WebhookDelivery>>(d => d.ReplayAsync(organization, endpoint, delivery, Granter.Instance, Ct), organization);

    private static Task<bool> PruneAsync(WebhookNode node) => node.UseAsync<Pruning, bool>(async p =>
    {
        await p.PruneAsync(Ct);
        return true;
    });
}

public sealed class WebhookLimitsOnSqlite(SqliteStore store) : WebhookLimitTests(store), IClassFixture<SqliteStore>;

[Trait("Store", "PostgreSql")]
public sealed class WebhookLimitsOnPostgreSql(PostgreSqlStore store) : WebhookLimitTests(store), IClassFixture<PostgreSqlStore>;
