namespace TenantIdP.Scim.Bulk;

/// <summary>In which order operations are done: as sent, except that what refers to a resource comes after the POST that makes it.</summary>
internal static class BulkOrder
{
    /// <summary>The indexes of operations; those that refer to each other in a circle, and those behind them, are left out.</summary>
    public static IReadOnlyList<int> Of(IReadOnlyList<BulkOperation> operations)
    {
        var makers = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < operations.Count; i++)
        {
            if (operations[i] is { Kind: BulkMethod.Post, BulkId: { } id }) makers[id] = i;
        }

        var (waits, waiting) = (new int[operations.Count], new List<int>?[operations.Count]);
        for (var i = 0; i < operations.Count; i++)
        {
            foreach (var reference in operations[i].References)
            {
                if (!makers.TryGetValue(reference, out var maker)) continue;
                waits[i]++;
                (waiting[maker] ??= []).Add(i);
            }
        }

        return Sort(waits, waiting);
    }

    private static List<int> Sort(int[] waits, List<int>?[] waiting)
    {
        var ready = new PriorityQueue<int, int>();
        for (var i = 0; i < waits.Length; i++)
        {
            if (waits[i] == 0) ready.Enqueue(i, i);
        }

        var order = new List<int>(waits.Length);
        while (ready.TryDequeue(out var next, out _))
        {
            order.Add(next);
            foreach (var later in waiting[next] ?? [])
            {
                if (--waits[later] == 0) ready.Enqueue(later, later);
            }
        }

        return order;
    }
}
