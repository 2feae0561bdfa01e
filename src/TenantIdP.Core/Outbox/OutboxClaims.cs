using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Outbox;

/// <summary>
/// Takes messages for delivery and records how it ended. Any number of nodes does so at once. Whoever changes something about a key holds its oldest pending row first, so the
/// order needs no lock of its own: nobody ever takes a row while an older one of its key is pending. Crosses organizations.
/// </summary>
public sealed class OutboxClaims(IdpDbContext db, TimeProvider clock)
{
    /// <summary>A node that dies holds up the messages it was delivering for this long. Longer than any timeout, by more than clocks differ.</summary>
    public static readonly TimeSpan Hold = TimeSpan.FromMinutes(2);

    /// <summary>
    /// For how long a message that waits behind another is out of the way of every look; the end of the one before it lets it go at once. So each is put off once in this time,
    /// however often the first one fails, and one that nobody let go is found again all the same.
    /// </summary>
    public static readonly TimeSpan Parked = TimeSpan.FromHours(6);

    // What one look reads, and so what it can write.
    private const int Window = 500;
    private const int MaxLooks = 50;

    private sealed record Due(Id<Organization> OrganizationId, Id<OutboxMessage> Id, string Kind, string OrderingKey, string Destination, bool IsFresh);

    /// <summary>
    /// Each message that comes back is being delivered by the caller, under <see cref="OutboxMessage.ClaimedBy"/>. When nothing is due this is one statement. Where those that wait
    /// behind others hide what can go, it goes on looking, each time in a transaction of its own.
    /// </summary>
    /// <param name="node">Of this process.</param>
    public async Task<IReadOnlyList<OutboxMessage>> ClaimAsync(string node, OutboxRoom room, CancellationToken ct)
    {
        for (var look = 0; look < MaxLooks; look++)
        {
            var (claimed, parked) = await LookAsync(node, new OutboxSlots(room), ct);
            if (claimed.Count > 0 || parked == 0) return claimed;
        }

        return [];
    }

    private async Task<(IReadOnlyList<OutboxMessage> Claimed, int Parked)> LookAsync(string node, OutboxSlots slots, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var due = await slots.Admitted(Pending.Where(m => m.DueAt <= now)).OrderBy(m => m.DueAt).Take(Window)
            .Select(m => new Due(m.OrganizationId, m.Id, m.Kind, m.OrderingKey, m.Destination, m.Attempts == 0 && m.ClaimedBy == null)).ToListAsync(ct);
        var keys = due.DistinctBy(d => d.OrderingKey).Where(d => slots.TryTake(d.Kind, d.Destination, d.OrganizationId)).Select(d => d.OrderingKey).ToList();
        if (keys.Count == 0) return ([], 0);

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var heads = await HeadsAsync(keys, ct);
        var claimed = await ClaimAsync(node, [.. heads.Where(h => h.DueAt <= now)], now, ct);
        var parked = await ParkAsync(Behind(heads, due), now, ct);
        await transaction.CommitAsync(ct);
        return (claimed, parked);
    }

    /// <summary>Those of what was read that wait behind a head that is held now.</summary>
    private static List<Due> Behind(IReadOnlyCollection<OutboxMessage> heads, List<Due> due)
    {
        var held = heads.ToDictionary(h => h.OrderingKey, h => h.Id);
        return due.FindAll(d => held.TryGetValue(d.OrderingKey, out var head) && head != d.Id);
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

        // Neither was the receiver's doing: the try does not count.
        if (outcome is OutboxOutcome.Held or OutboxOutcome.Interrupted)
        {
            var again = outcome is OutboxOutcome.Held { For: var hold } ? now + hold : now;
            await Claimed(message).ExecuteUpdateAsync(
                set => set.SetProperty(m => m.DueAt, again).SetProperty(m => m.Attempts, m => m.Attempts - 1).SetProperty(m => m.ClaimedBy, (string?)null), ct);
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
        var (until, ids, owners, claim) = (now + Hold, heads.Select(h => h.Id).ToList(), heads.Select(h => h.OrganizationId).Distinct().ToList(), $"{node}.{now.UtcTicks}");
        var mine = Pending.Where(m => owners.Contains(m.OrganizationId) && ids.Contains(m.Id));
        await mine.ExecuteUpdateAsync(set => set.SetProperty(m => m.ClaimedBy, claim).SetProperty(m => m.DueAt, until).SetProperty(m => m.Attempts, m => m.Attempts + 1), ct);
        return await mine.ToListAsync(ct);
    }

    /// <summary>By their ids, which were read: a key's backlog may be of any length.</summary>
    private async Task<int> ParkAsync(List<Due> behind, DateTimeOffset now, CancellationToken ct)
    {
        var (far, near, parked) = (now + Parked, now + Hold, 0);
        foreach (var some in behind.GroupBy(d => d.IsFresh))
        {
            var (ids, owners) = (some.Select(d => d.Id).ToList(), some.Select(d => d.OrganizationId).Distinct().ToList());
            var rows = Pending.Where(m => owners.Contains(m.OrganizationId) && ids.Contains(m.Id) && m.DueAt <= now);
            // One that was tried already has a time of its own, which the end of another must not bring forward: it is looked at again soon.
            parked += some.Key
                ? await rows.Where(m => m.Attempts == 0 && m.ClaimedBy == null).ExecuteUpdateAsync(set => set.SetProperty(m => m.DueAt, far), ct)
                : await rows.ExecuteUpdateAsync(set => set.SetProperty(m => m.DueAt, near), ct);
        }

        return parked;
    }

    /// <summary>Only what has never been tried: one that is being delivered or has failed keeps its time.</summary>
    private async Task ReleaseNextAsync(string key, DateTimeOffset now, CancellationToken ct)
    {
        var next = await Pending.Where(m => m.OrderingKey == key).OrderBy(m => m.Sequence).ThenBy(m => m.Id).Select(m => new { m.OrganizationId, m.Id, m.DueAt }).FirstOrDefaultAsync(ct);
        if (next is null || next.DueAt <= now) return;
        await Pending.Where(m => m.OrganizationId == next.OrganizationId && m.Id == next.Id && m.Attempts == 0 && m.ClaimedBy == null).ExecuteUpdateAsync(set => set.SetProperty(m => m.DueAt, now), ct);
    }

    private Task<List<OutboxMessage>> HeadsAsync(IReadOnlyCollection<string> keys, CancellationToken ct) =>
        db.LockOutboxHeads(keys).IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().ToListAsync(ct);

    private IQueryable<OutboxMessage> Pending => db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().Where(m => m.State == OutboxState.Pending);

    private IQueryable<OutboxMessage> Claimed(OutboxMessage message) =>
        Pending.Where(m => m.OrganizationId == message.OrganizationId && m.Id == message.Id && m.ClaimedBy == message.ClaimedBy);

    private static string Bounded(string error) => error.Length <= OutboxMessage.MaxErrorLength ? error : error[..OutboxMessage.MaxErrorLength];
}
