using TenantIdP.Core.Outbox;

namespace TenantIdP.Core.Webhooks;

/// <summary>When a delivery that failed is tried again: 12 tries over three days, soon at first.</summary>
public static class WebhookSchedule
{
    // Together 71 hours and 43 minutes, each give or take a fifth.
    private static readonly TimeSpan[] Waits =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30), TimeSpan.FromHours(1),
        TimeSpan.FromHours(2), TimeSpan.FromHours(5), TimeSpan.FromHours(10), TimeSpan.FromHours(20), TimeSpan.FromHours(33),
    ];

    public static OutboxSchedule Schedule { get; } = new(Waits);

    /// <summary>What people are told: the outbox adds its jitter.</summary>
    /// <param name="tries">How many there were, from 1 on.</param>
    /// <param name="asked">What the receiver asked for.</param>
    /// <returns>Null when that was the last.</returns>
    internal static TimeSpan? About(int tries, TimeSpan? asked) =>
        tries > Waits.Length ? null : asked > Waits[tries - 1] ? TimeSpan.FromTicks(Math.Min(asked.Value.Ticks, OutboxSchedule.MaxAsked.Ticks)) : Waits[tries - 1];
}
