using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Outbox;

/// <summary>Adds messages to the unit of work: they are saved with the change they tell of or not at all.</summary>
public sealed class OutboxWriter(IdpDbContext db, SecretBox box, OutboxSequence sequence, TimeProvider clock)
{
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
