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
public sealed class WebhookFanOut(IdpDbContext db, WebhookBacklog backlog)
{
    private sealed record Subscription(Id<Organization> Owner, Id<WebhookEndpoint> Endpoint, string Url, IReadOnlyList<string> Types);

    private List<Subscription> subscriptions = [];

    /// <summary>Reads the enabled endpoints of the instance and of these organizations.</summary>
    internal async Task PrepareAsync(IReadOnlyCollection<Id<Organization>> organizations, CancellationToken ct) =>
        subscriptions = await db.WebhookEndpoints.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking()
            .Where(w => w.Status == WebhookStatus.Enabled && (w.OrganizationId == Organization.Instance || organizations.Contains(w.OrganizationId)))
            .OrderBy(w => w.Id).Select(w => new Subscription(w.OrganizationId, w.Id, w.Url, w.EventTypes)).ToListAsync(ct);

    /// <summary>Adds the messages to one owner's endpoints to the unit of work.</summary>
    /// <param name="owner">The events' own organization, or the instance.</param>
    /// <returns>Whether there is anything to save.</returns>
    internal bool Add(Id<Organization> owner, IEnumerable<Event> recorded)
    {
        var own = subscriptions.FindAll(s => s.Owner == owner);
        if (own.Count == 0) return false;
        var added = false;
        foreach (var e in recorded)
        {
            if (owner != Organization.Instance && owner != e.OrganizationId) throw new InvalidOperationException("An organization is told of its own events only.");
            foreach (var to in own.Where(s => WebhookFilter.Matches(s.Types, e.Type)))
            {
                backlog.Add(owner, WebhookMessage.About(to.Endpoint, e.OrganizationId, e.Id, WebhookCause.Event), to.Url, e.Position);
                added = true;
            }
        }

        return added;
    }
}
