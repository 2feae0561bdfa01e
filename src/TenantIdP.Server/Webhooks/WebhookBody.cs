using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Webhooks;
using TenantIdP.Server.Management;
using HttpJson = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace TenantIdP.Server.Webhooks;

/// <summary>
/// What is posted: <c>type</c>, <c>timestamp</c> and <c>data</c> of Standard Webhooks, where <c>data</c> is the event as <c>GET /api/v1/events</c> lists it, written by the
/// same serializer. Who reads both reads one thing.
/// </summary>
internal sealed class WebhookBody(IOptions<HttpJson> json)
{
    private static readonly JsonElement Redacted = JsonElement.Parse("\"[redacted]\"");
    private static readonly JsonElement Hello = JsonElement.Parse("""{"message":"A test: nothing has happened."}""");

    private sealed record Message(string Type, DateTimeOffset Timestamp, EventResponse Data);

    public byte[] Write(WebhookTurn turn, DateTimeOffset now) => JsonSerializer.SerializeToUtf8Bytes(MessageOf(turn, now), json.Value.SerializerOptions);

    /// <summary>For the log of deliveries, which outlives an erasure.</summary>
    public string WriteRedacted(WebhookTurn turn, DateTimeOffset now)
    {
        var message = MessageOf(turn, now);
        return JsonSerializer.Serialize(message.Data.Personal is null ? message : message with { Data = message.Data with { Personal = Redacted } }, json.Value.SerializerOptions);
    }

    private static Message MessageOf(WebhookTurn turn, DateTimeOffset now) => turn.Event is { } found
        ? new Message(turn.EventType, found.Event.OccurredAt, EventResponse.From(found))
        : new Message(turn.EventType, now, new EventResponse(
            Id<Event>.Parse(turn.WebhookId, null), turn.EventType, now, turn.Owner == Organization.Instance ? null : turn.Owner, new EventActorResponse(ActorKind.System, Actor.System.Id, null), turn.EndpointId.ToString(),
            Hello, null, null, 0, ""));
}
