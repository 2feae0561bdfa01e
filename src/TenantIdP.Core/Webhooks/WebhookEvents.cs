using System.Text.Json.Nodes;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Webhooks;

/// <summary>What is recorded about endpoints: the host of a url and its fingerprint, because the path is often a secret; never what signs.</summary>
public sealed class WebhookEvents(EventLog events, ActorContext actor)
{
    internal Actor Actor => actor.Actor;

    internal static JsonObject FactsOf(WebhookEndpoint endpoint) => EventLog.FactsOf(Facts(endpoint));

    internal void Record(string type, WebhookEndpoint endpoint) => events.Record(type, endpoint.OrganizationId, endpoint.Id.ToString(), Facts(endpoint));

    internal void RecordUpdate(WebhookEndpoint endpoint, JsonObject before) => events.RecordChange(EventTypes.WebhookUpdated, endpoint.OrganizationId, endpoint.Id.ToString(), before, Facts(endpoint));

    internal void RecordRotation(WebhookEndpoint endpoint, TimeSpan overlap) =>
        events.Record(EventTypes.WebhookSecretRotated, endpoint.OrganizationId, endpoint.Id.ToString(), new { endpoint.Host, overlapSeconds = (int)overlap.TotalSeconds });

    /// <summary>The notice of it: other endpoints, and whoever reads the feed, learn by this.</summary>
    internal void RecordDisabled(WebhookEndpoint endpoint) =>
        RecordDisabled(events, endpoint);

    internal static void RecordDisabled(EventLog events, WebhookEndpoint endpoint) =>
        events.Record(EventTypes.WebhookDisabled, endpoint.OrganizationId, endpoint.Id.ToString(), new { endpoint.Host, reason = endpoint.DisabledBecause, endpoint.FailingSince });

    private static object Facts(WebhookEndpoint w) => new { w.Host, urlFingerprint = Fingerprint.Of(w.Url), w.Description, w.EventTypes };
}
