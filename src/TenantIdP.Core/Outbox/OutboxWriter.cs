using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Outbox;

/// <summary>Adds messages to the unit of work: they are saved with the change they tell of or not at all.</summary>
public sealed class OutboxWriter(IdpDbContext db, SecretBox box, OutboxSequence sequence, TimeProvider clock)
{
    private const int Chunk = 500;
    private const int MaxLooks = 50;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <returns>The message, whose id is told to the receiver.</returns>
    public OutboxMessage Add(NewOutboxMessage wanted)
    {
        Check(wanted.Kind, OutboxMessage.MaxKindLength);
        Check(wanted.OrderingKey, OutboxMessage.MaxKeyLength);
        Check(wanted.Destination, OutboxMessage.MaxDestinationLength);
        if (!wanted.OrderingKey.StartsWith(wanted.Kind + ":", StringComparison.Ordinal)) throw new ArgumentException("An ordering key starts with its kind, so that no two kinds wait for each other.", nameof(wanted));
        var now = clock.GetUtcNow();
        var message = OutboxMessage.Create(wanted, wanted.Sequence ?? sequence.Next(now), box, now);
        db.OutboxMessages.Add(message);
        return message;
    }

    /// <summary>
    /// Adds what is not there already: a message of the same key and destination that waits and was never tried says the same, and is sent after this change. Meant for messages whose
    /// key and destination say all that they tell. Call it inside the transaction of the change. Some statements for each 500.
    /// </summary>
    /// <returns>How many it added.</returns>
    public async Task<int> AddUnlessWaitingAsync(IReadOnlyCollection<NewOutboxMessage> wanted, CancellationToken ct)
    {
        var added = 0;
        foreach (var some in wanted.Chunk(Chunk))
        {
            var waiting = await WaitingAsync([.. some.Select(m => m.OrderingKey).Distinct()], ct);
            // Held until the change is committed, a key's oldest message keeps all of it from being sent before the change; so it is asked again once it is held.
            if (waiting.Count > 0) waiting = await WaitingAsync(await HoldAsync([.. waiting.Select(m => m.Key).Distinct()], ct), ct);
            foreach (var message in some.Where(m => waiting.Add((m.OrderingKey, m.Destination))))
            {
                Add(message);
                added++;
            }
        }

        return added;
    }

    private async Task<HashSet<(string Key, string Destination)>> WaitingAsync(IReadOnlyCollection<string> keys, CancellationToken ct) =>
        (await db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            .Where(m => m.State == OutboxState.Pending && keys.Contains(m.OrderingKey) && m.Attempts == 0 && m.ClaimedBy == null)
            .Select(m => new { m.OrderingKey, m.Destination }).Distinct().ToListAsync(ct)).Select(m => (m.OrderingKey, m.Destination)).ToHashSet();

    /// <summary>
    /// A node holds a key only while it looks at it, which is soon over. Asked again and again instead of waited for: two changes that hold each other's keys must not wait for each other.
    /// What stays with somebody else does not count, and one message too many is sent.
    /// </summary>
    /// <returns>The keys it holds.</returns>
    private async Task<IReadOnlyCollection<string>> HoldAsync(IReadOnlyCollection<string> keys, CancellationToken ct)
    {
        List<string> held = [];
        for (var look = 0; look < MaxLooks && held.Count < keys.Count; look++)
        {
            if (look > 0) await Task.Delay(Pause, ct);
            var heads = await db.LockOutboxHeads([.. keys.Except(held)]).IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().ToListAsync(ct);
            held.AddRange(heads.Select(m => m.OrderingKey));
        }

        return held;
    }

    private static void Check(string text, int most)
    {
        if (text.Length is 0 || text.Length > most) throw new ArgumentException($"1 to {most} characters, not {text.Length}.", nameof(text));
    }
}

/// <summary>Numbers that grow on one node, also within one tick and when the clock is set back; between nodes as their clocks agree.</summary>
public sealed class OutboxSequence
{
    private long last;

    public long Next(DateTimeOffset now)
    {
        while (true)
        {
            var before = Interlocked.Read(ref last);
            var next = Math.Max(now.UtcTicks, before + 1);
            if (Interlocked.CompareExchange(ref last, next, before) == before) return next;
        }
    }
}

/// <summary>Wakes this node's drainer when a unit of work that wrote messages has ended.</summary>
public sealed class OutboxSignal : IDisposable
{
    private readonly SemaphoreSlim told = new(0, 1);
    private int pending;

    public void Tell()
    {
        if (Interlocked.Exchange(ref pending, 1) == 0) told.Release();
    }

    /// <summary>Until told, or for this long. One waits at a time.</summary>
    public async Task WaitAsync(TimeSpan most, CancellationToken ct)
    {
        if (await told.WaitAsync(most, ct)) Interlocked.Exchange(ref pending, 0);
    }

    public void Dispose() => told.Dispose();
}
