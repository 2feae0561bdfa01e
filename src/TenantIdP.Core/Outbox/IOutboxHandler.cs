using System.Security.Cryptography;

namespace TenantIdP.Core.Outbox;

/// <summary>Delivers the messages of one kind. A scope of its own for each delivery; no transaction is open.</summary>
public interface IOutboxHandler
{
    static abstract OutboxKind Kind { get; }

    /// <summary>
    /// One try. The same message may come again (with the same id) when this node dies before the outcome is recorded. An exception is a failure that is tried again; its text
    /// is stored nowhere.
    /// </summary>
    /// <param name="ct">Ends at the kind's timeout.</param>
    Task<OutboxOutcome> DeliverAsync(OutboxMessage message, CancellationToken ct);
}

/// <param name="Name">At most 32 characters; what <see cref="OutboxMessage.Kind"/> says.</param>
/// <param name="Timeout">Of one try; at most <see cref="MaxTimeout"/>.</param>
public sealed record OutboxKind(string Name, TimeSpan Timeout, OutboxSchedule Schedule)
{
    /// <summary>A claim outlasts it.</summary>
    public static readonly TimeSpan MaxTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Organizations choose where it goes: one organization's take few of a node's slots, and all together never all.</summary>
    public bool IsToChosenAddress { get; init; }

    public TimeSpan Timeout { get; } = Timeout > TimeSpan.Zero && Timeout <= MaxTimeout ? Timeout : throw new ArgumentOutOfRangeException(nameof(Timeout));
}

/// <summary>When a failed delivery is tried again: after the delay of its number, give or take a fifth, so that what failed together doesn't come back together.</summary>
/// <param name="delays">After the first try, the second, and so on; after one more it is dead.</param>
public sealed class OutboxSchedule(params TimeSpan[] delays)
{
    /// <summary>A receiver may ask for more time, but not for ever.</summary>
    public static readonly TimeSpan MaxAsked = TimeSpan.FromDays(1);

    private const int Parts = 1000;

    public int Tries => delays.Length + 1;

    /// <param name="attempts">Those that were begun, 1 and more.</param>
    /// <param name="asked">What the receiver asked for (Retry-After); counts when it is longer.</param>
    /// <returns>Null when it was the last.</returns>
    public TimeSpan? After(int attempts, TimeSpan? asked)
    {
        if (attempts < 1 || attempts > delays.Length) return null;
        var delay = delays[attempts - 1] * (RandomNumberGenerator.GetInt32(Parts * 8 / 10, (Parts * 12 / 10) + 1) / (double)Parts);
        return asked > delay ? TimeSpan.FromTicks(Math.Min(asked.Value.Ticks, MaxAsked.Ticks)) : delay;
    }
}

/// <summary>How one try ended.</summary>
public abstract record OutboxOutcome
{
    private OutboxOutcome() { }

    public sealed record Delivered : OutboxOutcome;

    /// <param name="Error">For operators; without texts of the receiver's, addresses and secrets.</param>
    /// <param name="After">What the receiver asked for.</param>
    public sealed record Retry(string Error, TimeSpan? After = null) : OutboxOutcome;

    /// <summary>Trying again can't help.</summary>
    /// <param name="Reason">As <see cref="Retry.Error"/>.</param>
    public sealed record Dead(string Reason) : OutboxOutcome;

    /// <summary>Its receiver takes nothing for now, by somebody's decision: it waits, and the try does not count. Those behind it wait, too.</summary>
    /// <param name="For">Until it is looked at again; whoever lets the receiver go on makes it due before.</param>
    public sealed record Held(TimeSpan For) : OutboxOutcome;

    /// <summary>Cut off by the end of this process: due again at once, and the try does not count.</summary>
    public sealed record Interrupted : OutboxOutcome;
}
