namespace TenantIdP.Client.Webhooks;

/// <summary>Of this process, bounded. When there are too many the oldest is forgotten: a duplicate of it would be handled again.</summary>
internal sealed class ReceivedInMemory(TimeProvider clock, int most = ReceivedInMemory.Most) : IReceivedWebhooks
{
    public const int Most = 100_000;

    /// <summary>Longer than the tries of a delivery.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    private readonly Lock turn = new();
    private readonly Dictionary<string, (bool Done, DateTimeOffset At)> handled = new(StringComparer.Ordinal);
    private readonly Queue<(string Id, DateTimeOffset At)> order = new();

    public ValueTask<WebhookClaim> ClaimAsync(string id, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        lock (turn)
        {
            while (order.TryPeek(out var oldest) && (oldest.At + Kept <= now || order.Count > most))
            {
                // One whose handling failed has come again since, and stands later in the order, too.
                var (forgotten, at) = order.Dequeue();
                if (handled.TryGetValue(forgotten, out var latest) && latest.At == at) handled.Remove(forgotten);
            }

            if (handled.TryGetValue(id, out var known)) return ValueTask.FromResult(known.Done ? WebhookClaim.Done : WebhookClaim.UnderWay);
            handled[id] = (false, now);
            order.Enqueue((id, now));
            return ValueTask.FromResult(WebhookClaim.New);
        }
    }

    public ValueTask FinishAsync(string id, bool handled)
    {
        lock (turn)
        {
            if (!handled) this.handled.Remove(id);
            else if (this.handled.TryGetValue(id, out var known)) this.handled[id] = known with { Done = true };
        }

        return ValueTask.CompletedTask;
    }
}
