using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Webhooks;

/// <summary>Each empty member lets everything through.</summary>
/// <param name="Arrived">Those that did, or those that did not.</param>
/// <param name="WebhookId">All tries of one event.</param>
public sealed record WebhookDeliveryFilter(bool? Arrived, string? WebhookId);

/// <summary>The log of deliveries of an endpoint, and what can be done from there.</summary>
public sealed class WebhookDeliveries(WebhookOwners owners, WebhookService endpoints, WebhookBacklog backlog, Tallies tallies)
{
    /// <summary>Tests and replays of one endpoint in a minute.</summary>
    public const int MostByHand = 30;

    /// <summary>The newest first: who looks there looks for what went wrong just now.</summary>
    public async Task<Result<Page<WebhookDelivery>>> ListAsync(Id<Organization> owner, Id<WebhookEndpoint> endpoint, WebhookDeliveryFilter filter, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<WebhookDelivery>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        var found = await endpoints.FindAsync(owner, endpoint, ct);
        if (!found.IsOk) return found.Error;
        var deliveries = owners.Deliveries(owner).AsNoTracking().Where(d => d.EndpointId == endpoint);
        if (filter.Arrived is { } arrived) deliveries = deliveries.Where(d => (d.Failure == null) == arrived);
        if (filter.WebhookId is { } webhookId) deliveries = deliveries.Where(d => d.WebhookId == webhookId);
        if (after is { } id) deliveries = deliveries.Where(d => d.Id < id);
        return await deliveries.OrderByDescending(d => d.Id).TakePageAsync(page, d => d.Id.ToString(), ct);
    }

    public async Task<Result<WebhookDelivery>> FindAsync(Id<Organization> owner, Id<WebhookEndpoint> endpoint, Id<WebhookDelivery> id, CancellationToken ct)
    {
        var found = await endpoints.FindAsync(owner, endpoint, ct);
        if (!found.IsOk) return found.Error;
        return await owners.Deliveries(owner).AsNoTracking().SingleOrDefaultAsync(d => d.EndpointId == endpoint && d.Id == id, ct) is { } delivery ? delivery : WebhookErrors.DeliveryNotFound;
    }

    /// <summary>Whether this caller may see what was sent.</summary>
    public Task<bool> ShowsAsync(Granter granter, CancellationToken ct) => granter.CoversAsync(owners.Db, [Permission.EventsRead], ct);

    /// <summary>Sends the event of a delivery once more, after whatever waits for the endpoint, with the webhook-id it had: a receiver that has seen it does nothing.</summary>
    public async Task<Result<WebhookDelivery>> ReplayAsync(Id<Organization> owner, Id<WebhookEndpoint> endpoint, Id<WebhookDelivery> id, Granter granter, CancellationToken ct)
    {
        if (!await ShowsAsync(granter, ct)) return WebhookErrors.EventsRequired;
        var found = await FindAsync(owner, endpoint, id, ct);
        if (!found.IsOk) return found.Error;
        if (found.Value.Cause == WebhookCause.Test || !Id<Event>.TryParse(found.Value.WebhookId, out var recorded)) return WebhookErrors.NotReplayable;
        var target = await endpoints.FindAsync(owner, endpoint, ct);
        if (!target.IsOk) return target.Error;
        if (target.Value.Status == WebhookStatus.Disabled) return WebhookErrors.Disabled;
        if (!await tallies.TakeAsync([ByHand(endpoint)], ct)) return WebhookErrors.TooOften;
        var added = await backlog.AddAgainAsync(owner, WebhookMessage.About(endpoint, found.Value.EventOrganizationId, recorded, WebhookCause.Replay), target.Value.Url, ct);
        if (!added.IsOk) return added.Error;
        var saved = await owners.Db.TrySaveAsync(ct);
        return saved.IsOk ? found.Value : saved.Error;
    }

    /// <summary>The endpoint for a test, when this caller may read what it would be sent.</summary>
    public async Task<Result<WebhookEndpoint>> ForTestAsync(Id<Organization> owner, Id<WebhookEndpoint> endpoint, Granter granter, CancellationToken ct)
    {
        if (!await ShowsAsync(granter, ct)) return WebhookErrors.EventsRequired;
        var found = await endpoints.FindAsync(owner, endpoint, ct);
        return !found.IsOk || await tallies.TakeAsync([ByHand(endpoint)], ct) ? found : WebhookErrors.TooOften;
    }

    // Found to be the caller's own before it is counted.
    private static TallyLimit ByHand(Id<WebhookEndpoint> endpoint) => new($"webhook_by_hand:{endpoint}", MostByHand, TimeSpan.FromMinutes(1));
}
