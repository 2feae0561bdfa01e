using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;

namespace TenantIdP.Core.Webhooks;

/// <summary>What waits in the outbox for endpoints. The rows of one endpoint are found by its key, with the owner in the predicate.</summary>
public sealed class WebhookBacklog(IdpDbContext db, OutboxWriter outbox, OutboxSignal signal)
{
    /// <summary>Adds to the unit of work.</summary>
    /// <param name="url">The endpoint's: endpoints at one host share the deliveries that run at once.</param>
    /// <param name="position">Of the event; null for one that is sent again, which comes after those that wait.</param>
    internal void Add(Id<Organization> owner, WebhookMessage message, string url, long? position) =>
        outbox.Add(new NewOutboxMessage(WebhookMessage.Kind, WebhookMessage.OrderingKey(message.Endpoint), Destination(url), message) { Organization = owner, Sequence = position });

    /// <summary>All that wait are due now, except what is being delivered in this moment.</summary>
    internal async Task ResumeAsync(Id<Organization> owner, Id<WebhookEndpoint> endpoint, DateTimeOffset now, CancellationToken ct)
    {
        if (await Pending(owner, endpoint).Where(m => m.ClaimedBy == null && m.DueAt > now).ExecuteUpdateAsync(set => set.SetProperty(m => m.DueAt, now), ct) > 0)
            signal.Tell(); // the next look, a second later, finds them should this be before the commit
    }

    internal Task<int> DropAsync(Id<Organization> owner, Id<WebhookEndpoint> endpoint, CancellationToken ct) => Pending(owner, endpoint).ExecuteDeleteAsync(ct);

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
