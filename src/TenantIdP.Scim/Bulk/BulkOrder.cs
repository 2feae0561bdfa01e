namespace TenantIdP.Scim.Bulk;

/// <param name="Index">Of the operation.</param>
/// <param name="Deferred">Members that do not exist yet when it is done: they are added at the end.</param>
internal sealed record BulkPlace(int Index, IReadOnlySet<string> Deferred);

/// <summary>
/// In which order operations are done: as sent, except that what refers to a resource comes after the POST that makes it. A circle of groups is opened where a group can be made
/// without some of its members (RFC 7644 3.7.1).
/// </summary>
internal sealed class BulkOrder
{
    private static readonly HashSet<string> None = [];

    private readonly IReadOnlyList<BulkOperation> operations;
    private readonly Dictionary<string, int> makers = new(StringComparer.Ordinal);
    private readonly int[] waits;
    private readonly List<int>?[] waiting;
    private readonly bool[] placed;
    private readonly PriorityQueue<int, int> ready = new();
    private readonly List<BulkPlace> order;

    private BulkOrder(IReadOnlyList<BulkOperation> operations)
    {
        (this.operations, order) = (operations, new List<BulkPlace>(operations.Count));
        (waits, waiting, placed) = (new int[operations.Count], new List<int>?[operations.Count], new bool[operations.Count]);
        for (var i = 0; i < operations.Count; i++)
        {
            if (operations[i] is { Kind: BulkMethod.Post, BulkId: { } id }) makers[id] = i;
        }
    }

    /// <summary>Every operation but those in a circle that can't be opened, and those behind them.</summary>
    public static IReadOnlyList<BulkPlace> Of(IReadOnlyList<BulkOperation> operations) => new BulkOrder(operations).Sort();

    private List<BulkPlace> Sort()
    {
        for (var i = 0; i < operations.Count; i++)
        {
            foreach (var reference in operations[i].References)
            {
                if (!makers.TryGetValue(reference, out var maker)) continue;
                waits[i]++;
                (waiting[maker] ??= []).Add(i);
            }

            if (waits[i] == 0) ready.Enqueue(i, i);
        }

        PlaceReady();
        // In one pass, whatever the request: what comes before its circle is opened and needs more than members stays a conflict.
        for (var i = 0; i < operations.Count; i++)
        {
            if (placed[i] || Missing(i) is not { } missing) continue;
            Place(i, missing);
            PlaceReady();
        }

        return order;
    }

    private void PlaceReady()
    {
        while (ready.TryDequeue(out var next, out _)) Place(next, None);
    }

    private void Place(int index, IReadOnlySet<string> deferred)
    {
        placed[index] = true;
        order.Add(new BulkPlace(index, deferred));
        foreach (var later in waiting[index] ?? [])
        {
            if (--waits[later] == 0 && !placed[later]) ready.Enqueue(later, later);
        }
    }

    /// <summary>The references that are not made yet, if the operation can do without them for now.</summary>
    private HashSet<string>? Missing(int index)
    {
        var missing = operations[index].References.Where(r => makers.TryGetValue(r, out var maker) && !placed[maker]).ToHashSet(StringComparer.Ordinal);
        return missing.IsSubsetOf(operations[index].Deferrable) ? missing : null;
    }
}
