using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Webhooks;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>Webhook endpoints of the instance and of one organization: the same resource, twice. Their deliveries are in <see cref="WebhookDeliveryEndpoints"/>.</summary>
internal static class WebhookEndpoints
{
    private const string Creating = "Is sent events from now on, each within seconds of its change. The secret that signs them is answered here and never again.";
    private const string Changing = "`enabled: true` resumes: what was waiting is sent at once, in its order.";
    private const string Rotating = "Makes a new secret, shown once. The old one signs as well for `overlapSeconds` more (a day when left out; at most 604800), so that receivers move without a gap.";

    public static void MapWebhooks(this RouteGroupBuilder api)
    {
        var webhooks = api.MapGroup("/webhooks").WithTags("Webhooks").RequireInstance();

        webhooks.MapGet("/", ([AsParameters] PageQuery query, WebhookService webhooks, CancellationToken ct) => ListAsync(Organization.Instance, query, webhooks, ct)).WithName("ListInstanceWebhooks");
        webhooks.MapPost("/", (CreateWebhookRequest request, WebhookService webhooks, ManagementCaller caller, CancellationToken ct) =>
            CreateAsync(Organization.Instance, $"{ManagementEndpoints.Path}/webhooks", request, webhooks, caller, ct)).WithName("CreateInstanceWebhook").WithDescription(Creating);
        webhooks.MapGet("/{webhookId}", (Id<WebhookEndpoint> webhookId, WebhookService webhooks, CancellationToken ct) => FindAsync(Organization.Instance, webhookId, webhooks, ct)).WithName("GetInstanceWebhook");
        webhooks.MapPatch("/{webhookId}", (Id<WebhookEndpoint> webhookId, WebhookChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, WebhookService webhooks, ManagementCaller caller, CancellationToken ct) =>
            UpdateAsync(Organization.Instance, webhookId, changes, ifMatch, webhooks, caller, ct)).WithName("UpdateInstanceWebhook").WithDescription(Changing);
        webhooks.MapDelete("/{webhookId}", (Id<WebhookEndpoint> webhookId, WebhookService webhooks, CancellationToken ct) => DeleteAsync(Organization.Instance, webhookId, webhooks, ct)).WithName("DeleteInstanceWebhook");
        webhooks.MapPost("/{webhookId}/secret", (Id<WebhookEndpoint> webhookId, int? overlapSeconds, WebhookService webhooks, CancellationToken ct) =>
            RotateAsync(Organization.Instance, webhookId, overlapSeconds, webhooks, ct)).WithName("RotateInstanceWebhookSecret").WithDescription(Rotating);
    }

    public static void MapOrganizationWebhooks(this RouteGroupBuilder organization)
    {
        var read = organization.MapGroup("/webhooks").WithTags("Webhooks").RequireOrganization(Permission.WebhooksRead);
        read.MapGet("/", ListAsync).WithName("ListWebhooks");
        read.MapGet("/{webhookId}", FindAsync).WithName("GetWebhook");

        var write = organization.MapGroup("/webhooks").WithTags("Webhooks").RequireOrganization(Permission.WebhooksWrite);
        write.MapPost("/", (Id<Organization> organizationId, CreateWebhookRequest request, WebhookService webhooks, ManagementCaller caller, CancellationToken ct) =>
            CreateAsync(organizationId, $"{ManagementEndpoints.Path}/organizations/{organizationId}/webhooks", request, webhooks, caller, ct)).WithName("CreateWebhook").WithDescription(Creating);
        write.MapPatch("/{webhookId}", UpdateAsync).WithName("UpdateWebhook").WithDescription(Changing);
        write.MapDelete("/{webhookId}", DeleteAsync).WithName("DeleteWebhook");
        write.MapPost("/{webhookId}/secret", RotateAsync).WithName("RotateWebhookSecret").WithDescription(Rotating);
    }

    private static Task<Results<Ok<ListResponse<WebhookResponse>>, ProblemHttpResult>> ListAsync(Id<Organization> organizationId, [AsParameters] PageQuery query, WebhookService webhooks, CancellationToken ct) =>
        query.AnswerAsync(page => webhooks.ListAsync(organizationId, page, ct), WebhookResponse.From);

    private static async Task<Results<Ok<WebhookResponse>, ProblemHttpResult>> FindAsync(Id<Organization> organizationId, Id<WebhookEndpoint> webhookId, WebhookService webhooks, CancellationToken ct) =>
        (await webhooks.FindAsync(organizationId, webhookId, ct)).ToOk(WebhookResponse.From);

    private static async Task<Results<Created<CreatedWebhookResponse>, ProblemHttpResult>> CreateAsync(
        Id<Organization> owner, string collection, CreateWebhookRequest request, WebhookService webhooks, ManagementCaller caller, CancellationToken ct)
    {
        var made = await webhooks.CreateAsync(owner, new WebhookSettings(request.Url, request.Description, request.EventTypes), caller.Granter, ct);
        return made.ToCreated(CreatedWebhookResponse.From, m => $"{collection}/{m.Endpoint.Id}");
    }

    private static async Task<Results<Ok<WebhookResponse>, ProblemHttpResult>> UpdateAsync(
        Id<Organization> organizationId, Id<WebhookEndpoint> webhookId, WebhookChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, WebhookService webhooks, ManagementCaller caller, CancellationToken ct) =>
        (await webhooks.UpdateAsync(organizationId, webhookId, changes, caller.Granter, EntityTags.Expected(ifMatch), ct)).ToOk(WebhookResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(Id<Organization> organizationId, Id<WebhookEndpoint> webhookId, WebhookService webhooks, CancellationToken ct) =>
        (await webhooks.DeleteAsync(organizationId, webhookId, ct)).ToNoContent();

    private static async Task<Results<Ok<CreatedWebhookResponse>, ProblemHttpResult>> RotateAsync(
        Id<Organization> organizationId, Id<WebhookEndpoint> webhookId, int? overlapSeconds, WebhookService webhooks, CancellationToken ct) =>
        (await webhooks.RotateAsync(organizationId, webhookId, overlapSeconds, ct)).ToOk(CreatedWebhookResponse.From);
}

/// <param name="Url">https, on the public internet.</param>
/// <param name="EventTypes">1 to 50: such as <c>member.joined</c>, <c>member.*</c>, or <c>*</c> for all.</param>
public sealed record CreateWebhookRequest([property: Required] string Url, [property: Required] IReadOnlyList<string> EventTypes, string? Description = null);

/// <param name="ExpiresAt">Until when it signs; null while nothing follows it.</param>
public sealed record WebhookSecretResponse(Id<WebhookSecret> Id, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt);

/// <param name="Reason"><c>manual</c>; <c>failing</c>: nothing arrived for five days; <c>gone</c>: it answered 410.</param>
/// <param name="By">The id of whoever did it, or <c>system</c>.</param>
public sealed record WebhookDisabledResponse(WebhookDisabling Reason, DateTimeOffset At, string By);

/// <param name="OrganizationId">Null for an endpoint of the instance.</param>
/// <param name="Disabled">Null while it is enabled.</param>
/// <param name="FailingSince">The first failure since something arrived; five days later the endpoint is disabled.</param>
/// <param name="Secrets">The newest last; never the secrets themselves.</param>
public sealed record WebhookResponse(
    Id<WebhookEndpoint> Id, Id<Organization>? OrganizationId, string Url, string? Description, IReadOnlyList<string> EventTypes, WebhookStatus Status, WebhookDisabledResponse? Disabled,
    DateTimeOffset? FailingSince, IReadOnlyList<WebhookSecretResponse> Secrets, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version) : IVersionedResponse
{
    internal static WebhookResponse From(WebhookEndpoint w) => new(
        w.Id, w.OrganizationId == Organization.Instance ? null : w.OrganizationId, w.Url, w.Description, w.EventTypes, w.Status,
        w is { DisabledBecause: { } reason, DisabledAt: { } at, DisabledBy: { } by } ? new WebhookDisabledResponse(reason, at, by) : null,
        w.FailingSince, [.. w.Secrets.Select(s => new WebhookSecretResponse(s.Id, s.CreatedAt, s.ExpiresAt))], w.CreatedAt, w.UpdatedAt, w.Version);
}

/// <param name="Secret">Shown here and never again: <c>whsec_</c> and base64, as libraries for Standard Webhooks take it.</param>
public sealed record CreatedWebhookResponse(WebhookResponse Webhook, string Secret)
{
    internal static CreatedWebhookResponse From(MadeWebhook m) => new(WebhookResponse.From(m.Endpoint), m.Secret);
}
