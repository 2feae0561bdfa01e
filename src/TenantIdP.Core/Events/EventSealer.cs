using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Mail;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Webhooks;

namespace TenantIdP.Core.Events;

/// <summary>
/// Gives committed events their place and their hash, in the order in which it finds them. A transaction that was open for long is sealed when it is found: its place comes
/// after what was read before it, so a reader that goes on from a position misses nothing. Whoever sees a position sees all before it: batches commit one after the other.
/// Crosses organizations to find what is not sealed; each event is sealed in its own one. Whoever is to be told of it is put down in the same transaction.
/// </summary>
public sealed class EventSealer(IdpDbContext db, Leases leases, WebhookFanOut webhooks, OwnerNotices notices)
{
    public const int BatchSize = 500;

    private const string Lock = "event_sealing_lock";
    private const int Tries = 5;

    // Held by the lock already; the database says so again should somebody seal without it.
    private static readonly Dictionary<string, Error> LostRaces = new() { ["ux_events_position"] = VersionErrors.ChangedMeanwhile, ["pk_event_chains"] = VersionErrors.ChangedMeanwhile };

    public Task<bool> IsDueAsync(CancellationToken ct) => Unsealed().AnyAsync(ct);

    /// <summary>Seals what is committed by now.</summary>
    /// <returns>How many.</returns>
    public async Task<int> SealAsync(CancellationToken ct)
    {
        await leases.PrepareLockAsync(Lock, ct);
        var (total, lost) = (0, 0);
        while (true)
        {
            db.ChangeTracker.Clear();
            var batch = await db.InTransactionAsync(() => SealBatchAsync(ct), ct);
            if (!batch.IsOk)
            {
                // Another sealer was first: what is left is read anew. After a few times the next look goes on.
                if (++lost == Tries) return total;
                continue;
            }

            total += batch.Value;
            if (batch.Value < BatchSize) return total;
        }
    }

    private IQueryable<Event> Unsealed() => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(e => e.Position == null);

    private async Task<Result<int>> SealBatchAsync(CancellationToken ct)
    {
        await leases.LockAsync(Lock, ct);
        var batch = await Unsealed().AsNoTracking().OrderBy(e => e.Id).Take(BatchSize).ToListAsync(ct);
        if (batch.Count == 0) return 0;

        // Ids of one millisecond have no order; the events of one transaction do.
        batch = [.. batch.OrderBy(e => e.OccurredAt).ThenBy(e => e.Id)];
        var last = await db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).MaxAsync(e => e.Position, ct) ?? 0;
        var organizations = batch.Select(e => e.OrganizationId).Distinct().ToList();
        var chains = await db.EventChains.AsNoTracking().Where(c => organizations.Contains(c.OrganizationId)).ToDictionaryAsync(c => c.OrganizationId, ct);
        await webhooks.PrepareAsync(organizations, ct);
        foreach (var own in batch.Select((e, i) => (Event: e, Position: last + 1 + i)).GroupBy(e => e.Event.OrganizationId))
        {
            if (own.Key != Organization.Instance) db.EnterOrganization(own.Key);
            if (chains.TryGetValue(own.Key, out var chain)) db.EventChains.Attach(chain);
            else db.EventChains.Add(chain = EventChain.Begin(own.Key));
            foreach (var (recorded, position) in own)
            {
                db.Events.Attach(recorded);
                chain.Append(recorded, position);
            }

            if (own.Key != Organization.Instance) await webhooks.AddAsync(own.Key, [.. own.Select(e => e.Event)], ct);
            await notices.AddAsync(own.Key, [.. own.Select(e => e.Event)], ct);
            var saved = await db.TrySaveAsync(LostRaces, ct);
            if (!saved.IsOk) return saved.Error;
            db.ChangeTracker.Clear();
        }

        // To the instance of all of them, in their order.
        if (await webhooks.AddAsync(Organization.Instance, batch, ct)) await db.SaveChangesAsync(ct);
        return batch.Count;
    }
}
