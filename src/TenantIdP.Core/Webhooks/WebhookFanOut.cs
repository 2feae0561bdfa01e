using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Webhooks;

/// <summary>What is to be sent, without the event itself: it is read when it is sent, so that nothing of a person who was erased meanwhile lies in a queue.</summary>
/// <param name="InOrganization">Where the event happened; null for the instance, which has no id that anybody writes.</param>
public sealed record WebhookMessage(Id<WebhookEndpoint> Endpoint, Id<Organization>? InOrganization, Id<Event> Event, WebhookCause Cause)
{
    public const string Kind = "webhook";

    [JsonIgnore]
    public Id<Organization> EventOrganization => InOrganization ?? Organization.Instance;

    public static WebhookMessage About(Id<WebhookEndpoint> endpoint, Id<Organization> organization, Id<Event> recorded, WebhookCause cause) =>
        new(endpoint, organization == Organization.Instance ? null : organization, recorded, cause);

    /// <summary>Events arrive in the order in which they were sealed: one that is late holds up those after it, of this endpoint only.</summary>
    public static string OrderingKey(Id<WebhookEndpoint> endpoint) => $"webhook:{endpoint}";
}

/// <summary>Who is to be told of the events of one batch. Reads across organizations, in one statement for the batch; each endpoint is given to its owner's events only.</summary>
public sealed class WebhookFanOut(IdpDbContext db, WebhookBacklog backlog, EventLog events, TimeProvider clock)
{
    private sealed record Subscription(Id<Organization> Owner, Id<WebhookEndpoint> Endpoint, string Url, IReadOnlyList<string> Types)
    {
        public string Key => WebhookMessage.OrderingKey(Endpoint);
    }

    private List<Subscription> subscriptions = [];
    private Dictionary<string, int> waiting = [];

    /// <summary>Reads the enabled endpoints of the instance and of these organizations, and how much waits for each.</summary>
    internal async Task PrepareAsync(IReadOnlyCollection<Id<Organization>> organizations, CancellationToken ct)
    {
        subscriptions = await Endpoints.Where(w => w.Status == WebhookStatus.Enabled && (w.OrganizationId == Organization.Instance || organizations.Contains(w.OrganizationId)))
            .OrderBy(w => w.Id).Select(w => new Subscription(w.OrganizationId, w.Id, w.Url, w.EventTypes)).ToListAsync(ct);
        waiting = subscriptions.Count == 0 ? [] : await backlog.CountAsync([.. subscriptions.Select(s => s.Key)], ct);
    }

    /// <summary>Adds the messages to one owner's endpoints to the unit of work. An endpoint that has too much waiting for it is disabled instead.</summary>
    /// <param name="owner">The events' own organization, or the instance.</param>
    /// <returns>Whether there is anything to save.</returns>
    internal async Task<bool> AddAsync(Id<Organization> owner, IReadOnlyCollection<Event> recorded, CancellationToken ct)
    {
        if (owner != Organization.Instance && recorded.Any(e => e.OrganizationId != owner)) throw new InvalidOperationException("An organization is told of its own events only.");
        var added = false;
        foreach (var to in subscriptions.FindAll(s => s.Owner == owner))
        {
            var isBehind = false;
            foreach (var e in recorded.Where(e => WebhookFilter.Matches(to.Types, e.Type)))
            {
                added = true;
                if (waiting.GetValueOrDefault(to.Key) >= WebhookBacklog.Most)
                {
                    await DisableAsync(to, ct);
                    break;
                }

                backlog.Add(owner, WebhookMessage.About(to.Endpoint, e.OrganizationId, e.Id, WebhookCause.Event), to.Url, e.Position ?? throw new InvalidOperationException("It is sealed by now."), isBehind);
                isBehind = true; // events come in the order of their positions
                waiting[to.Key] = waiting.GetValueOrDefault(to.Key) + 1;
            }
        }

        return added;
    }

    /// <summary>By a condition on its row: somebody may be changing it in this moment, and sealing must go on.</summary>
    private async Task DisableAsync(Subscription to, CancellationToken ct)
    {
        var (now, by) = (clock.GetUtcNow(), Actor.System.Id);
        var own = Endpoints.Where(w => w.OrganizationId == to.Owner && w.Id == to.Endpoint);
        var disabled = await own.Where(w => w.Status == WebhookStatus.Enabled).ExecuteUpdateAsync(
            set => set.SetProperty(w => w.Status, WebhookStatus.Disabled).SetProperty(w => w.DisabledBecause, WebhookDisabling.Backlog).SetProperty(w => w.DisabledAt, now).SetProperty(w => w.DisabledBy, by)
                .SetProperty(w => w.UpdatedAt, now).SetProperty(w => w.Version, w => w.Version + 1), ct);
        if (disabled == 1) WebhookEvents.RecordDisabled(events, await own.SingleAsync(ct));
    }

    private IQueryable<WebhookEndpoint> Endpoints => db.WebhookEndpoints.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking();
}
