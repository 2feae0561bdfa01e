using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Webhooks;
using TenantIdP.Testing.Stores;
using TenantIdP.Tests.RoundTrips;
using Xunit;

namespace TenantIdP.Tests.Webhooks;

/// <summary>What a clock decides about endpoints and messages, and what sealing costs.</summary>
public abstract class WebhookHealthTests(TestStore store)
{
    private static readonly WebhookAnswer Failed = new(500, WebhookFailure.Status, "no", TimeSpan.FromMilliseconds(5), null);
    private static readonly WebhookAnswer Arrived = new(204, null, null, TimeSpan.FromMilliseconds(5), null);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Five_days_without_a_delivery_disable_an_endpoint_and_one_that_arrives_starts_them_anew()
    {
        var (node, organization, endpoint, message) = await SceneAsync();

        Assert.IsType<WebhookOutcome.Again>(await TryAsync(node, organization, message, 1, Failed));
        node.Clock.Advance(TimeSpan.FromDays(4.9));
        Assert.IsType<WebhookOutcome.Done>(await TryAsync(node, organization, message, 2, Arrived));
        Assert.Null((await node.FindAsync(organization, endpoint, Ct)).FailingSince);
        Assert.IsType<WebhookOutcome.Again>(await TryAsync(node, organization, message, 1, Failed));
        var since = (await node.FindAsync(organization, endpoint, Ct)).FailingSince;
        node.Clock.Advance(TimeSpan.FromDays(4.9));
        Assert.IsType<WebhookOutcome.GivenUp>(await TryAsync(node, organization, message, 12, Failed)); // given up by its own count
        Assert.Equal(WebhookStatus.Enabled, (await node.FindAsync(organization, endpoint, Ct)).Status);
        node.Clock.Advance(TimeSpan.FromDays(0.2));
        Assert.IsType<WebhookOutcome.Held>(await TryAsync(node, organization, message, 3, Failed));

        var found = await node.FindAsync(organization, endpoint, Ct);
        Assert.Equal((WebhookStatus.Disabled, WebhookDisabling.Failing, "system", since), (found.Status, found.DisabledBecause, found.DisabledBy, found.FailingSince));
        var notice = await node.UseAsync<IdpDbContext, Event>(db => db.Events.SingleAsync(e => e.Type == EventTypes.WebhookDisabled && e.TargetId == endpoint.ToString(), Ct), organization);
        Assert.Contains("\"failing\"", notice.Data, StringComparison.Ordinal);
        Assert.Equal(ActorKind.System, notice.ActorKind);
        Assert.IsType<WebhookOutcome.Held>((await BeginAsync(node, organization, message, 4)).Instead);
    }

    [Fact]
    [Trait("Attack", "H2")]
    public async Task A_message_that_names_a_foreign_event_or_one_that_is_not_sealed_is_given_up()
    {
        var (node, organization, endpoint, message) = await SceneAsync();
        var foreign = await store.NewOrganizationAsync(Ct);
        await node.RecordAsync(foreign, Ct, "theirs");
        await node.SealAsync(Ct);
        var theirs = await node.UseAsync<IdpDbContext, Id<Event>>(db => db.Events.Where(e => e.TargetId == "theirs").Select(e => e.Id).SingleAsync(Ct), foreign);

        foreach (var forged in new[] { message with { InOrganization = foreign, Event = theirs }, message with { Event = theirs }, message with { InOrganization = null } })
        {
            var (turn, instead) = await BeginAsync(node, organization, forged, 1);
            Assert.Null(turn);
            Assert.IsType<WebhookOutcome.GivenUp>(instead);
        }

        await node.RecordAsync(organization, Ct, "unsealed");
        var unsealed = await node.UseAsync<IdpDbContext, Id<Event>>(db => db.Events.Where(e => e.TargetId == "unsealed").Select(e => e.Id).SingleAsync(Ct), organization);
        Assert.IsType<WebhookOutcome.GivenUp>((await BeginAsync(node, organization, message with { Event = unsealed }, 1)).Instead);
        Assert.IsType<WebhookOutcome.Done>((await BeginAsync(node, foreign, message with { InOrganization = foreign, Event = theirs }, 1)).Instead); // no endpoint of theirs has this id
        Assert.NotNull((await BeginAsync(node, organization, message, 1)).Turn);
        Assert.Equal(endpoint, message.Endpoint);
    }

    [Fact]
    public async Task A_secret_signs_until_its_overlap_has_passed()
    {
        var (node, organization, endpoint, message) = await SceneAsync();
        Assert.True((await node.UseAsync<WebhookService, Result<MadeWebhook>>(s => s.RotateAsync(organization, endpoint, null, Ct), organization)).IsOk);

        Assert.Equal(2, (await BeginAsync(node, organization, message, 1)).Turn!.Keys.Count); // there is something to send
        node.Clock.Advance(TimeSpan.FromDays(1) - TimeSpan.FromSeconds(1));
        Assert.Equal(2, (await BeginAsync(node, organization, message, 1)).Turn!.Keys.Count); // as above
        node.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Single((await BeginAsync(node, organization, message, 1)).Turn!.Keys); // as above
    }

    [Fact]
    public async Task A_message_that_is_held_spends_no_try_and_goes_on_when_it_is_due()
    {
        var (node, organization, _, message) = await SceneAsync();
        var key = WebhookMessage.OrderingKey(message.Endpoint);
        for (var i = 0; i < 3; i++)
        {
            var claimed = (await node.UseAsync<OutboxClaims, IReadOnlyList<OutboxMessage>>(c => c.ClaimAsync("node", new OutboxRoom([new OutboxKind(WebhookMessage.Kind, TimeSpan.FromSeconds(1), WebhookSchedule.Schedule)], 1_000, []), Ct))).Single(m => m.OrderingKey == key);
            Assert.Equal(1, claimed.Attempts);
            Assert.Equal(OutboxState.Pending, await node.UseAsync<OutboxClaims, OutboxState>(c => c.RecordAsync(claimed, new OutboxOutcome.Held(TimeSpan.FromMinutes(10)), WebhookSchedule.Schedule, Ct)));
            Assert.Equal((0, OutboxState.Pending), await node.UseAsync<IdpDbContext, (int, OutboxState)>(async db =>
            {
                var row = await db.OutboxMessages.SingleAsync(m => m.Id == claimed.Id, Ct);
                return (row.Attempts, row.State);
            }, organization));
            node.Clock.Advance(TimeSpan.FromMinutes(10));
        }
    }

    [Fact]
    public async Task Deliveries_are_forgotten_after_thirty_days()
    {
        var (node, organization, endpoint, message) = await SceneAsync();
        await TryAsync(node, organization, message, 1, Arrived);
        node.Clock.Advance(TimeSpan.FromDays(29));
        await TryAsync(node, organization, message, 1, Arrived);
        node.Clock.Advance(TimeSpan.FromDays(1));

        await node.UseAsync<Pruning, bool>(async p =>
        {
            await p.PruneAsync(Ct);
            return true;
        });

        Assert.Equal(1, await node.UseAsync<IdpDbContext, int>(db => db.WebhookDeliveries.CountAsync(d => d.EndpointId == endpoint, Ct), organization));
    }

    [Fact]
    public async Task A_batch_asks_once_for_endpoints_however_many_events_it_has()
    {
        var node = new WebhookNode(store);
        var organization = await store.NewOrganizationAsync(Ct);
        await node.SealAsync(Ct);
        await WebhookScene.WaitAsync(() => CapturedCommands.WhileAsync(() => node.SealAsync(Ct)), statements => statements.Count > 0, Ct); // EF Core's logger notices a listener within a second

        await node.RecordAsync(organization, Ct, [.. Enumerable.Range(0, 40).Select(i => $"none-{i}")]);
        var without = await CapturedCommands.WhileAsync(() => node.SealAsync(Ct));
        Assert.Single(without, s => s.Sql.Contains("webhook_endpoints", StringComparison.Ordinal));
        Assert.DoesNotContain(without, s => s.Sql.Contains("outbox_messages", StringComparison.Ordinal));

        await node.NewEndpointAsync(organization, Ct, "member.*");
        await node.SealAsync(Ct);
        await node.RecordAsync(organization, Ct, [.. Enumerable.Range(0, 40).Select(i => $"one-{i}")]);
        var with = await CapturedCommands.WhileAsync(() => node.SealAsync(Ct));
        Assert.Equal(without.Count(s => IsRead(s.Sql)) + 1, with.Count(s => IsRead(s.Sql))); // and once how much waits for them
        Assert.Single(with, s => IsRead(s.Sql) && s.Sql.Contains("outbox_messages", StringComparison.Ordinal));
        Assert.Equal(40, await node.UseAsync<IdpDbContext, int>(db => db.OutboxMessages.CountAsync(Ct), organization));

        static bool IsRead(string sql) => sql.TrimStart().StartsWith("SELECT", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Messages_have_the_places_of_their_events_across_the_organizations_of_a_batch()
    {
        var node = new WebhookNode(store);
        var (first, second) = (await store.NewOrganizationAsync(Ct), await store.NewOrganizationAsync(Ct));
        await node.SealAsync(Ct); // what others of this class have left
        var endpoint = await node.NewEndpointAsync(Organization.Instance, Ct, "member.*");
        foreach (var (organization, target) in new[] { (first, "a"), (second, "b"), (Organization.Instance, "c"), (first, "d") })
        {
            await node.RecordAsync(organization, Ct, target);
            node.Clock.Advance(TimeSpan.FromMilliseconds(2));
        }

        await node.SealAsync(Ct);

        var key = WebhookMessage.OrderingKey(endpoint);
        var messages = await node.UseAsync<IdpDbContext, List<OutboxMessage>>(
            db => db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().Where(m => m.OrderingKey == key).OrderBy(m => m.Sequence).ToListAsync(Ct));
        Assert.All(messages, m => Assert.Equal(Organization.Instance, m.OrganizationId));
        Assert.Equal([first, second, Organization.Instance, first], messages.Select(m => m.Read<WebhookMessage>(node.Box).EventOrganization));
        Assert.True((await node.UseAsync<WebhookService, Result>(s => s.DeleteAsync(Organization.Instance, endpoint, Ct))).IsOk);
    }

    /// <summary>An organization with an endpoint and one event to send to it.</summary>
    private async Task<(WebhookNode Node, Id<Organization> Organization, Id<WebhookEndpoint> Endpoint, WebhookMessage Message)> SceneAsync()
    {
        var node = new WebhookNode(store);
        var organization = await store.NewOrganizationAsync(Ct);
        var endpoint = await node.NewEndpointAsync(organization, Ct, "member.*");
        await node.RecordAsync(organization, Ct, "mem_1");
        await node.SealAsync(Ct);
        var message = await node.UseAsync<IdpDbContext, OutboxMessage>(db => db.OutboxMessages.AsNoTracking().SingleAsync(Ct), organization);
        return (node, organization, endpoint, message.Read<WebhookMessage>(node.Box));
    }

    private static Task<(WebhookTurn? Turn, WebhookOutcome? Instead)> BeginAsync(WebhookNode node, Id<Organization> owner, WebhookMessage message, int tries) =>
        node.UseAsync<WebhookTurns, (WebhookTurn?, WebhookOutcome?)>(t => t.BeginAsync(owner, message, tries, Ct));

    private static async Task<WebhookOutcome> TryAsync(WebhookNode node, Id<Organization> owner, WebhookMessage message, int tries, WebhookAnswer answer)
    {
        var (turn, _) = await BeginAsync(node, owner, message, tries);
        return (await node.UseAsync<WebhookTurns, (WebhookOutcome Outcome, WebhookDelivery)>(t => t.EndAsync(turn!, new WebhookRequest(node.Clock.GetUtcNow(), "{}"), answer, Ct))).Outcome; // there is something to send
    }
}

[Collection(typeof(CountedAlone))]
public sealed class WebhookHealthOnSqlite(SqliteStore store) : WebhookHealthTests(store), IClassFixture<SqliteStore>;

[Collection(typeof(CountedAlone))]
[Trait("Store", "PostgreSql")]
public sealed class WebhookHealthOnPostgreSql(PostgreSqlStore store) : WebhookHealthTests(store), IClassFixture<PostgreSqlStore>;
