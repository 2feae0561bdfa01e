using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Webhooks;
using TenantIdP.Server.Http;
using TenantIdP.Server.Webhooks;

namespace TenantIdP.Server.Management;

/// <summary>What became of deliveries, sending one again, and trying an endpoint.</summary>
internal static class WebhookDeliveryEndpoints
{
    private const string Listing = "One item for each try, the newest first, kept for 30 days.";
    private const string Showing = "With what was sent, without personal data, and the beginning of what was answered, redacted.";
    private const string Replaying = "Sends the event once more, after whatever waits for the endpoint, with the same `webhook-id`. Answers the delivery that is repeated; the new one appears in the list.";
    private const string Testing = "Posts one `webhook.test` to this endpoint now, enabled or not, once, and answers what became of it.";

    public static void MapWebhookDeliveries(this RouteGroupBuilder api)
    {
        var webhook = api.MapGroup("/webhooks/{webhookId}").WithTags("Webhooks").RequireInstance();

        webhook.MapGet("/deliveries", (Id<WebhookEndpoint> webhookId, [AsParameters] WebhookDeliveryQuery wanted, [AsParameters] PageQuery query, WebhookDeliveries deliveries, CancellationToken ct) =>
            ListAsync(Organization.Instance, webhookId, wanted, query, deliveries, ct)).WithName("ListInstanceWebhookDeliveries").WithDescription(Listing);
        webhook.MapGet("/deliveries/{deliveryId}", (Id<WebhookEndpoint> webhookId, Id<WebhookDelivery> deliveryId, WebhookDeliveries deliveries, ManagementCaller caller, CancellationToken ct) =>
            FindAsync(Organization.Instance, webhookId, deliveryId, deliveries, caller, ct)).WithName("GetInstanceWebhookDelivery").WithDescription(Showing);
        webhook.MapPost("/deliveries/{deliveryId}/replay", (Id<WebhookEndpoint> webhookId, Id<WebhookDelivery> deliveryId, WebhookDeliveries deliveries, ManagementCaller caller, CancellationToken ct) =>
            ReplayAsync(Organization.Instance, webhookId, deliveryId, deliveries, caller, ct)).WithName("ReplayInstanceWebhookDelivery").WithDescription(Replaying);
        webhook.MapPost("/test", (Id<WebhookEndpoint> webhookId, WebhookDeliveries deliveries, WebhookPosting posting, ManagementCaller caller, CancellationToken ct) =>
            TestAsync(Organization.Instance, webhookId, deliveries, posting, caller, ct)).WithName("TestInstanceWebhook").WithDescription(Testing);
    }

    public static void MapOrganizationWebhookDeliveries(this RouteGroupBuilder organization)
    {
        var read = organization.MapGroup("/webhooks/{webhookId}").WithTags("Webhooks").RequireOrganization(Permission.WebhooksRead);
        read.MapGet("/deliveries", ListAsync).WithName("ListWebhookDeliveries").WithDescription(Listing);
        read.MapGet("/deliveries/{deliveryId}", FindAsync).WithName("GetWebhookDelivery").WithDescription(Showing);

        var write = organization.MapGroup("/webhooks/{webhookId}").WithTags("Webhooks").RequireOrganization(Permission.WebhooksWrite);
        write.MapPost("/deliveries/{deliveryId}/replay", ReplayAsync).WithName("ReplayWebhookDelivery").WithDescription(Replaying);
        write.MapPost("/test", TestAsync).WithName("TestWebhook").WithDescription(Testing);
    }

    private static Task<Results<Ok<ListResponse<WebhookDeliveryResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, Id<WebhookEndpoint> webhookId, [AsParameters] WebhookDeliveryQuery wanted, [AsParameters] PageQuery query, WebhookDeliveries deliveries, CancellationToken ct) =>
        query.AnswerAsync(page => deliveries.ListAsync(organizationId, webhookId, new WebhookDeliveryFilter(wanted.Arrived, wanted.Event), page, ct), WebhookDeliveryResponse.From);

    private static async Task<Results<Ok<WebhookDeliveryDetail>, ProblemHttpResult>> FindAsync(
        Id<Organization> organizationId, Id<WebhookEndpoint> webhookId, Id<WebhookDelivery> deliveryId, WebhookDeliveries deliveries, ManagementCaller caller, CancellationToken ct)
    {
        var found = await deliveries.FindAsync(organizationId, webhookId, deliveryId, ct);
        // What was sent is an event: it is shown to whoever may read events.
        return found.IsOk && !await deliveries.ShowsAsync(caller.Granter, ct) ? TypedResults.Ok(new WebhookDeliveryDetail(WebhookDeliveryResponse.From(found.Value), null, null)) : found.ToOk(WebhookDeliveryDetail.From);
    }

    private static async Task<Results<Ok<WebhookDeliveryResponse>, ProblemHttpResult>> ReplayAsync(
        Id<Organization> organizationId, Id<WebhookEndpoint> webhookId, Id<WebhookDelivery> deliveryId, WebhookDeliveries deliveries, ManagementCaller caller, CancellationToken ct) =>
        (await deliveries.ReplayAsync(organizationId, webhookId, deliveryId, caller.Granter, ct)).ToOk(WebhookDeliveryResponse.From);

    private static async Task<Results<Ok<WebhookDeliveryDetail>, ProblemHttpResult>> TestAsync(
        Id<Organization> organizationId, Id<WebhookEndpoint> webhookId, WebhookDeliveries deliveries, WebhookPosting posting, ManagementCaller caller, CancellationToken ct)
    {
        var endpoint = await deliveries.ForTestAsync(organizationId, webhookId, caller.Granter, ct);
        return endpoint.IsOk ? TypedResults.Ok(WebhookDeliveryDetail.From(await posting.TestAsync(endpoint.Value, ct))) : Problems.From(endpoint.Error);
    }
}

public sealed record WebhookDeliveryQuery
{
    /// <summary>Those that did, or those that did not.</summary>
    public bool? Arrived { get; init; }

    /// <summary>The <c>webhook-id</c>, which is the id of the event: all tries of it.</summary>
    public string? Event { get; init; }
}

/// <param name="WebhookId">The id of the event.</param>
/// <param name="Cause"><c>event</c>, <c>replay</c> or <c>test</c>.</param>
/// <param name="Try">From 1 to 12.</param>
/// <param name="Status">What was answered; null when nothing was.</param>
/// <param name="Failure">Null when it arrived.</param>
/// <param name="NextTryAt">Not before this; null when it arrived or was the last try.</param>
public sealed record WebhookDeliveryResponse(
    Id<WebhookDelivery> Id, Id<WebhookEndpoint> EndpointId, string WebhookId, string EventType, WebhookCause Cause, int Try, DateTimeOffset At, int DurationMs, bool Arrived, int? Status, WebhookFailure? Failure,
    DateTimeOffset? NextTryAt)
{
    internal static WebhookDeliveryResponse From(WebhookDelivery d) =>
        new(d.Id, d.EndpointId, d.WebhookId, d.EventType, d.Cause, d.Try, d.At, d.DurationMs, d.Arrived, d.Status, d.Failure, d.NextTryAt);
}

/// <param name="Request">The body that was posted, without personal data; at most 8192 characters; null for whoever lacks events:read.</param>
/// <param name="Response">How the answer began, redacted; at most 1024 characters. Null when there was none, and for whoever lacks events:read.</param>
public sealed record WebhookDeliveryDetail(WebhookDeliveryResponse Delivery, string? Request, string? Response)
{
    internal static WebhookDeliveryDetail From(WebhookDelivery d) => new(WebhookDeliveryResponse.From(d), d.Request, d.Response);
}
