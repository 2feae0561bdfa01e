using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;

namespace TenantIdP.Core.Webhooks;

/// <summary>Deletes what endpoints have too much of. Crosses organizations; each row is found by its endpoint.</summary>
internal static class WebhookPruning
{
    private const int Batch = 1_000;
    private const int Endpoints = 200;

    public static async Task PruneAsync(IdpDbContext db, DateTimeOffset now, CancellationToken ct)
    {
        await PruneLogAsync(db, now, ct);
        await PruneWaitingAsync(db, now - WebhookEndpoint.WaitsFor, ct);
    }

    private static async Task PruneLogAsync(IdpDbContext db, DateTimeOffset now, CancellationToken ct)
    {
        var (logged, all) = (now - WebhookDelivery.Kept, db.WebhookDeliveries.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]));
        await all.Where(d => d.At <= logged).ExecuteDeleteAsync(ct);
        var tooLong = await all.GroupBy(d => new { d.OrganizationId, d.EndpointId }).Where(g => g.Count() > WebhookDelivery.Most).Select(g => g.Key).ToListAsync(ct);
        foreach (var log in tooLong)
        {
            var own = all.Where(d => d.OrganizationId == log.OrganizationId && d.EndpointId == log.EndpointId);
            for (var found = Batch; found == Batch;)
            {
                var ids = await own.OrderByDescending(d => d.Id).Skip(WebhookDelivery.Most).Take(Batch).Select(d => d.Id).ToListAsync(ct);
                found = ids.Count;
                if (found > 0) await own.Where(d => ids.Contains(d.Id)).ExecuteDeleteAsync(ct);
            }
        }
    }

    private static async Task PruneWaitingAsync(IdpDbContext db, DateTimeOffset before, CancellationToken ct)
    {
        var messages = db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(m => m.State == OutboxState.Pending && m.ClaimedBy == null);
        var disabled = await db.WebhookEndpoints.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(w => w.Status == WebhookStatus.Disabled && w.DisabledAt <= before).Select(w => w.Id).ToListAsync(ct);
        foreach (var some in disabled.Chunk(Endpoints))
        {
            string[] keys = [.. some.Select(WebhookMessage.OrderingKey)];
            for (var found = Batch; found == Batch;)
            {
                var rows = await messages.Where(m => keys.Contains(m.OrderingKey)).Select(m => new { m.OrganizationId, m.Id }).Take(Batch).ToListAsync(ct);
                found = rows.Count;
                var (owners, ids) = (rows.Select(r => r.OrganizationId).Distinct().ToList(), rows.Select(r => r.Id).ToList());
                if (found > 0) await messages.Where(m => owners.Contains(m.OrganizationId) && ids.Contains(m.Id)).ExecuteDeleteAsync(ct);
            }
        }
    }
}
