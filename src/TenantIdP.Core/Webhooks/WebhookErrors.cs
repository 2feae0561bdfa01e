using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Webhooks;

public static class WebhookErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "webhook_not_found", "There is no such webhook endpoint here.");
    public static readonly Error DeliveryNotFound = new(ErrorKind.NotFound, "webhook_delivery_not_found", "There is no such delivery of this endpoint; deliveries are kept for 30 days, the newest 1000 of an endpoint.");

    public static readonly Error UrlInvalid = new(ErrorKind.Invalid, "webhook_url_invalid",
        "A url is https on the public internet, has at most 2000 characters and neither a user name nor a fragment. The operator can allow further hosts.", "url");

    public static readonly Error EventTypesInvalid = new(ErrorKind.Invalid, "webhook_event_types_invalid",
        "Name 1 to 50 types of events: such as 'member.joined', 'member.*' for all of a subject, or '*'. They are listed in docs/events.md.", "eventTypes");

    public static readonly Error OverlapInvalid = new(ErrorKind.Invalid, "webhook_overlap_invalid", "The old secret signs for 0 to 604800 more seconds.", "overlapSeconds");
    public static readonly Error Limit = new(ErrorKind.Conflict, "webhook_limit", "There are at most 10 webhook endpoints here: delete one that nobody uses.");
    public static readonly Error Disabled = new(ErrorKind.Conflict, "webhook_disabled", "The endpoint is disabled: enable it first.");
    public static readonly Error BacklogFull = new(ErrorKind.Conflict, "webhook_backlog_full", "10000 messages wait for the endpoint already: read the feed of events instead.");
    public static readonly Error TooOften = new(ErrorKind.TooMany, "webhook_too_often", "An endpoint is tested and sent things again at most 30 times a minute.");
    public static readonly Error NotReplayable = new(ErrorKind.Conflict, "webhook_not_replayable", "A test is not sent again: make another one.");
    public static readonly Error EventsRequired = new(ErrorKind.Forbidden, "webhook_events_required", "An endpoint is sent events: whoever sets it up or tries it needs the permission 'events:read' as well.");
}
