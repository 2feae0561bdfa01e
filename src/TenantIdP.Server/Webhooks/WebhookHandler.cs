using TenantIdP.Core.Kernel;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Webhooks;

namespace TenantIdP.Server.Webhooks;

/// <summary>Delivers what the sealer put into the outbox for endpoints.</summary>
internal sealed class WebhookHandler(WebhookTurns turns, WebhookPosting posting, SecretBox box) : IOutboxHandler
{
    // The endpoint may be enabled in the moment in which this is found disabled: then it is this late at most.
    private static readonly TimeSpan Hold = TimeSpan.FromMinutes(10);

    public static OutboxKind Kind { get; } = new(WebhookMessage.Kind, WebhookTransport.Timeout + TimeSpan.FromSeconds(10), WebhookSchedule.Schedule) { IsToChosenAddress = true };

    public async Task<OutboxOutcome> DeliverAsync(OutboxMessage message, CancellationToken ct)
    {
        var (turn, instead) = await turns.BeginAsync(message.OrganizationId, message.Read<WebhookMessage>(box), message.Attempts, ct);
        return (instead ?? (await posting.PostAsync(turn!, ct)).Outcome) switch // one of the two is there
        {
            WebhookOutcome.Again again => new OutboxOutcome.Retry(again.Error, again.Asked),
            WebhookOutcome.Held => new OutboxOutcome.Held(Hold),
            WebhookOutcome.GivenUp given => new OutboxOutcome.Dead(given.Error),
            _ => new OutboxOutcome.Delivered(),
        };
    }
}
