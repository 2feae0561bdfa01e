using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;

namespace TenantIdP.Core.Webhooks;

/// <summary>What waits in the outbox for endpoints. The rows of one endpoint are found by its key, with the owner in the predicate.</summary>
public sealed class WebhookBacklog(IdpDbContext db, OutboxWriter outbox, OutboxSignal signal)
{
    /// <summary>Messages that wait for one endpoint. One that has as many is disabled: the feed is where nothing is lost.</summary>
    public const int Most = 10_000;

    private const int Batch = 1_000;

    /// <summary>Adds to the unit of work.</summary>
    /// <param name="url">The endpoint's: endpoints at one host share the deliveries that run at once.</param>
    /// <param name="position">Of the event.</param>
    /// <param name="isBehind">One that comes before it is added in the same unit of work.</param>
    internal void Add(Id<Organization> owner, WebhookMessage message, string url, long position, bool isBehind = false) =>
        outbox.Add(new NewOutboxMessage(WebhookMessage.Kind, WebhookMessage.OrderingKey(message.Endpoint), Destination(url), message) { Organization = owner, Sequence = position, IsBehind = isBehind });

    /// <summary>Adds one that is sent again, right after those that wait: were its place the moment, every event of later would go before it.</summary>
    internal async Task<Result> AddAgainAsync(Id<Organization> owner, WebhookMessage message, string url, CancellationToken ct)
    {
        var waiting = Pending(owner, message.Endpoint);
        if (await waiting.CountAsync(ct) >= Most) return WebhookErrors.BacklogFull;
        Add(owner, message, url, (await waiting.MaxAsync(m => (long?)m.Sequence, ct) ?? 0) + 1);
        return Result.Ok;
    }

    /// <summary>How many wait for each of these endpoints; those that none waits for are missing. One statement.</summary>
    internal async Task<Dictionary<string, int>> CountAsync(IReadOnlyCollection<string> keys, CancellationToken ct) =>
        await db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(m => m.State == OutboxState.Pending && keys.Contains(m.OrderingKey))
            .GroupBy(m => m.OrderingKey).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, ct);

    /// <summary>The oldest is due now, unless it is being delivered in this moment; the end of each lets the next one go.</summary>
    internal async Task ResumeAsync(Id<Organization> owner, Id<WebhookEndpoint> endpoint, DateTimeOffset now, CancellationToken ct)
    {
        if (await Pending(owner, endpoint).OrderBy(m => m.Sequence).ThenBy(m => m.Id).Select(m => (Id<OutboxMessage>?)m.Id).FirstOrDefaultAsync(ct) is not { } oldest) return;
        if (await Pending(owner, endpoint).Where(m => m.Id == oldest && m.ClaimedBy == null && m.DueAt > now).ExecuteUpdateAsync(set => set.SetProperty(m => m.DueAt, now), ct) > 0)
            signal.Tell(); // the next look, a second later, finds it should this be before the commit
    }

    /// <summary>In batches. Call it when the endpoint is gone: what is left of it when this is cut off is found to have no receiver.</summary>
    internal async Task DropAsync(Id<Organization> owner, Id<WebhookEndpoint> endpoint, CancellationToken ct)
    {
        for (var found = Batch; found == Batch;)
        {
            var ids = await Pending(owner, endpoint).OrderBy(m => m.Sequence).ThenBy(m => m.Id).Select(m => m.Id).Take(Batch).ToListAsync(ct);
            found = ids.Count;
            if (found > 0) await db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(m => m.OrganizationId == owner && ids.Contains(m.Id) && m.State == OutboxState.Pending).ExecuteDeleteAsync(ct);
        }
    }

    private IQueryable<OutboxMessage> Pending(Id<Organization> owner, Id<WebhookEndpoint> endpoint)
    {
        var key = WebhookMessage.OrderingKey(endpoint);
        return db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(m => m.OrganizationId == owner && m.State == OutboxState.Pending && m.OrderingKey == key);
    }

    private static string Destination(string url)
    {
        var host = new Uri(url).Authority;
        var destination = $"{WebhookMessage.Kind}:{host}";
        return destination.Length <= OutboxMessage.MaxDestinationLength ? destination : $"{WebhookMessage.Kind}:{Fingerprint.Of(host)}";
    }
}
