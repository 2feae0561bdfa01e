using TenantIdP.Core.Webhooks;

namespace TenantIdP.Server.Webhooks;

/// <summary>One try: write, sign, post, and note what became of it.</summary>
internal sealed class WebhookPosting(WebhookTurns turns, WebhookTransport transport, WebhookBody bodies, TimeProvider clock)
{
    public async Task<(WebhookOutcome Outcome, WebhookDelivery Delivery)> PostAsync(WebhookTurn turn, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var answer = await transport.PostAsync(turn, now, bodies.Write(turn, now), ct);
        return await turns.EndAsync(turn, new WebhookRequest(now, bodies.WriteRedacted(turn, now)), answer, ct);
    }

    /// <summary>Posts a test at once, and waits for the answer.</summary>
    public async Task<WebhookDelivery> TestAsync(WebhookEndpoint endpoint, CancellationToken ct) => (await PostAsync(turns.BeginTest(endpoint), ct)).Delivery;
}
