using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class OutboxEndpoints
{
    public static void MapOutbox(this RouteGroupBuilder api)
    {
        var outbox = api.MapGroup("/outbox").WithTags("Outbox").RequireInstance();

        outbox.MapGet("/", ListAsync).WithName("ListOutboxMessages").WithSummary("Lists messages to receivers outside, the newest first: the dead ones unless another state is asked for.")
            .WithErrors(OutboxErrors.StateInvalid);
        outbox.MapPost("/{messageId}/replay", ReplayAsync).WithName("ReplayOutboxMessage").WithSummary("Makes a dead message due again at once, with all its tries.")
            .WithErrors(OutboxErrors.NotDead);
    }

    private static Task<Results<Ok<ListResponse<OutboxMessageResponse>>, ProblemHttpResult>> ListAsync(
        string? state, string? kind, Id<Organization>? organizationId, [AsParameters] PageQuery query, OutboxService outbox, CancellationToken ct) =>
        query.AnswerAsync(
            async page => StateOf(state) is { } wanted ? await outbox.ListAsync(wanted, kind, organizationId, page, ct) : OutboxErrors.StateInvalid, OutboxMessageResponse.From);

    private static OutboxState? StateOf(string? text) => text switch
    {
        null or "dead" => OutboxState.Dead,
        "pending" => OutboxState.Pending,
        "delivered" => OutboxState.Delivered,
        _ => null,
    };

    private static async Task<Results<Ok<OutboxMessageResponse>, ProblemHttpResult>> ReplayAsync(Id<OutboxMessage> messageId, OutboxService outbox, CancellationToken ct)
    {
        var replayed = await outbox.ReplayAsync(messageId, ct);
        return replayed.IsOk ? TypedResults.Ok(OutboxMessageResponse.From(replayed.Value)) : Problems.From(replayed.Error);
    }
}

/// <param name="OrganizationId">Null for one of the instance.</param>
/// <param name="Kind">What it is about, such as <c>backchannel_logout</c>.</param>
/// <param name="OrderingKey">Messages of one key are delivered one after the other.</param>
/// <param name="Destination">Who gets it.</param>
/// <param name="Attempts">Deliveries that were begun.</param>
/// <param name="DueAt">When the next one is due.</param>
/// <param name="LastError">Why the latest one failed.</param>
/// <param name="ExpiresAt">When it is deleted; null while it is pending.</param>
public sealed record OutboxMessageResponse(
    Id<OutboxMessage> Id, Id<Organization>? OrganizationId, string Kind, OutboxState State, string OrderingKey, string Destination, int Attempts, DateTimeOffset CreatedAt, DateTimeOffset DueAt,
    string? LastError, DateTimeOffset? ExpiresAt)
{
    internal static OutboxMessageResponse From(OutboxMessage m) =>
        new(m.Id, m.OrganizationId == Organization.Instance ? null : m.OrganizationId, m.Kind, m.State, m.OrderingKey, m.Destination, m.Attempts, m.CreatedAt, m.DueAt, m.LastError, m.ExpiresAt);
}
