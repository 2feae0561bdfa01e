using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Outbox;

/// <summary>What a node can take now.</summary>
/// <param name="Kinds">Those it has handlers for: a message of a newer version waits for a newer node.</param>
/// <param name="Room">How many more deliveries may run here.</param>
/// <param name="Running">How many run here for each destination.</param>
public sealed record OutboxRoom(IReadOnlyCollection<string> Kinds, int Room, IReadOnlyDictionary<string, int> Running)
{
    /// <summary>Deliveries to one destination that run at once on one node.</summary>
    public const int PerDestination = 2;
}

/// <summary>
/// Takes messages for delivery and records how it ended. Any number of nodes does so at once. Whoever changes something about a key holds its oldest pending row first, so the
/// order needs no lock of its own: nobody ever takes a row while an older one of its key is pending. Crosses organizations.
/// </summary>
public sealed class OutboxClaims(IdpDbContext db, TimeProvider clock)
{
    /// <summary>A node that dies holds up the messages it was delivering for this long. Longer than any timeout, by more than clocks differ.</summary>
    public static readonly TimeSpan Hold = TimeSpan.FromMinutes(2);

    private const int Window = 200;

    /// <summary>Each message that comes back is being delivered by the caller, under <see cref="OutboxMessage.ClaimedBy"/>.</summary>
    /// <param name="node">Of this process.</param>
    public async Task<IReadOnlyList<OutboxMessage>> ClaimAsync(string node, OutboxRoom room, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var busy = room.Running.Where(r => r.Value >= OutboxRoom.PerDestination).Select(r => r.Key).ToList();
        var due = await Pending.Where(m => m.DueAt <= now && room.Kinds.Contains(m.Kind) && !busy.Contains(m.Destination))
            .OrderBy(m => m.DueAt).Take(Window).Select(m => new { m.OrderingKey, m.Destination }).ToListAsync(ct);
        if (due.Count == 0) return [];

        var running = new Dictionary<string, int>(room.Running);
        var keys = new List<string>();
        foreach (var key in due.DistinctBy(d => d.OrderingKey))
        {
            if (keys.Count == room.Room) break;
            var count = running.GetValueOrDefault(key.Destination);
            if (count >= OutboxRoom.PerDestination) continue;
            running[key.Destination] = count + 1;
            keys.Add(key.OrderingKey);
        }

        if (keys.Count == 0) return [];
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var heads = await HeadsAsync(keys, ct);
        var claimed = await ClaimAsync(node, [.. heads.Where(h => h.DueAt <= now)], now, ct);
        foreach (var blocked in heads.Where(h => h.DueAt > now)) await WaitBehindAsync(blocked, now, ct);
        await transaction.CommitAsync(ct);
        return claimed;
    }

    /// <summary>Records how a delivery ended, and lets the next of its key go. Nothing when the claim ran out and another took the message.</summary>
    /// <param name="schedule">Of its kind.</param>
    /// <returns>The state it has now.</returns>
    public async Task<OutboxState> RecordAsync(OutboxMessage message, OutboxOutcome outcome, OutboxSchedule schedule, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        if (outcome is OutboxOutcome.Retry { Error: var error, After: var asked })
        {
            if (schedule.After(message.Attempts, asked) is { } delay)
            {
                var (next, text) = (now + delay, Bounded(error));
                await Claimed(message).ExecuteUpdateAsync(set => set.SetProperty(m => m.DueAt, next).SetProperty(m => m.LastError, text).SetProperty(m => m.ClaimedBy, (string?)null), ct);
                return OutboxState.Pending;
            }

            outcome = new OutboxOutcome.Dead(error);
        }

        if (outcome is OutboxOutcome.Held { For: var hold })
        {
            var again = now + hold;
            await Claimed(message).ExecuteUpdateAsync(
                set => set.SetProperty(m => m.DueAt, again).SetProperty(m => m.Attempts, m => m.Attempts - 1).SetProperty(m => m.ClaimedBy, (string?)null), ct);
            return OutboxState.Pending;
        }

        if (outcome is OutboxOutcome.Interrupted)
        {
            await Claimed(message).ExecuteUpdateAsync(set => set.SetProperty(m => m.DueAt, now).SetProperty(m => m.ClaimedBy, (string?)null), ct);
            return OutboxState.Pending;
        }

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (await EndAsync(message, outcome, now, ct) == 1) await ReleaseNextAsync(message.OrderingKey, now, ct);
        await transaction.CommitAsync(ct);
        return outcome is OutboxOutcome.Dead ? OutboxState.Dead : OutboxState.Delivered;
    }

    private Task<int> EndAsync(OutboxMessage message, OutboxOutcome outcome, DateTimeOffset now, CancellationToken ct)
    {
        if (outcome is OutboxOutcome.Dead { Reason: var reason })
        {
            var (until, text) = (now + OutboxMessage.DeadKept, Bounded(reason));
            return Claimed(message).ExecuteUpdateAsync(
                set => set.SetProperty(m => m.State, OutboxState.Dead).SetProperty(m => m.LastError, text).SetProperty(m => m.ClaimedBy, (string?)null).SetProperty(m => m.ExpiresAt, until), ct);
        }

        // What was told need not be kept: it may be about a person.
        var kept = now + OutboxMessage.DeliveredKept;
        return Claimed(message).ExecuteUpdateAsync(
            set => set.SetProperty(m => m.State, OutboxState.Delivered).SetProperty(m => m.Payload, "").SetProperty(m => m.IsSealed, false).SetProperty(m => m.LastError, (string?)null)
                .SetProperty(m => m.ClaimedBy, (string?)null).SetProperty(m => m.ExpiresAt, kept), ct);
    }

    private async Task<IReadOnlyList<OutboxMessage>> ClaimAsync(string node, List<OutboxMessage> heads, DateTimeOffset now, CancellationToken ct)
    {
        if (heads.Count == 0) return [];
        var (until, ids, keys, claim) = (now + Hold, heads.Select(h => h.Id).ToList(), heads.Select(h => h.OrderingKey).ToList(), $"{node}.{now.UtcTicks}");
        var mine = Pending.Where(m => keys.Contains(m.OrderingKey) && ids.Contains(m.Id));
        await mine.ExecuteUpdateAsync(set => set.SetProperty(m => m.ClaimedBy, claim).SetProperty(m => m.DueAt, until).SetProperty(m => m.Attempts, m => m.Attempts + 1), ct);
        return await mine.ToListAsync(ct);
    }

    /// <summary>Those behind one that must wait wait as long, out of the way of every look, instead of being found due again and again.</summary>
    private Task<int> WaitBehindAsync(OutboxMessage head, DateTimeOffset now, CancellationToken ct) =>
        Pending.Where(m => m.OrderingKey == head.OrderingKey && m.Id != head.Id && m.DueAt <= now).ExecuteUpdateAsync(set => set.SetProperty(m => m.DueAt, head.DueAt), ct);

    private async Task ReleaseNextAsync(string key, DateTimeOffset now, CancellationToken ct)
    {
        var next = await Pending.Where(m => m.OrderingKey == key).OrderBy(m => m.Sequence).ThenBy(m => m.Id).Select(m => new { m.Id, m.DueAt }).FirstOrDefaultAsync(ct);
        if (next is null || next.DueAt <= now) return;
        await Pending.Where(m => m.OrderingKey == key && m.Id == next.Id).ExecuteUpdateAsync(set => set.SetProperty(m => m.DueAt, now), ct);
    }

    private Task<List<OutboxMessage>> HeadsAsync(IReadOnlyCollection<string> keys, CancellationToken ct) =>
        db.LockOutboxHeads(keys).IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().ToListAsync(ct);

    private IQueryable<OutboxMessage> Pending => db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().Where(m => m.State == OutboxState.Pending);

    private IQueryable<OutboxMessage> Claimed(OutboxMessage message) =>
        Pending.Where(m => m.OrganizationId == message.OrganizationId && m.Id == message.Id && m.ClaimedBy == message.ClaimedBy);

    private static string Bounded(string error) => error.Length <= OutboxMessage.MaxErrorLength ? error : error[..OutboxMessage.MaxErrorLength];
}
