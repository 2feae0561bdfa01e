using System.Diagnostics.Metrics;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Instance;

namespace TenantIdP.Core.Events;

/// <summary>How long the oldest event waits for its seal: readers, exports and whatever follows them see nothing younger. Crosses organizations; reads one time.</summary>
public sealed class EventLag(IdpDbContext db, TimeProvider clock) : IGaugeSource
{
    public static GaugeDescription Gauge { get; } = new("tenantidp.event.sealing_lag", "s", "Age of the oldest event that is not sealed; 0 when none waits.");

    public async Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken ct)
    {
        var oldest = await db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(e => e.Position == null).OrderBy(e => e.Id).Select(e => (DateTimeOffset?)e.OccurredAt).FirstOrDefaultAsync(ct);
        return [new(oldest is { } at ? Math.Max(0, (clock.GetUtcNow() - at).TotalSeconds) : 0)];
    }
}
