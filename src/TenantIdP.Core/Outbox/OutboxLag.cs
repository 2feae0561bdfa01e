using System.Diagnostics.Metrics;
using TenantIdP.Core.Instance;

namespace TenantIdP.Core.Outbox;

/// <summary>How late the outbox is. Reads one time.</summary>
public sealed class OutboxLag(OutboxService outbox) : IGaugeSource
{
    public static GaugeDescription Gauge { get; } = new("tenantidp.outbox.lag", "s", "For how long the message that is due longest has been due; 0 when none is.");

    public async Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken ct) => [new(Math.Max(0, (await outbox.LagAsync(ct)).TotalSeconds))];
}

/// <summary>Messages that were given up and are kept for an operator.</summary>
public sealed class OutboxDeadMessages(OutboxService outbox) : IGaugeSource
{
    public static GaugeDescription Gauge { get; } = new("tenantidp.outbox.dead_messages", "{message}", "Messages that were given up and can be replayed.");

    public async Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken ct) => [new(await outbox.DeadAsync(ct))];
}
