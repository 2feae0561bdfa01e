namespace TenantIdP.Core.Kernel;

/// <summary>One page of a list in a stable order; <see cref="Next"/> is the cursor of the following page or null on the last.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>What a list is ordered by. Each has an index, so that a page costs the same wherever it is.</summary>
public enum ListOrder
{
    /// <summary>By the id, which sorts by creation.</summary>
    CreatedAt,

    /// <summary>Whatever the case of its letters.</summary>
    DisplayName,
}

/// <summary>How much of a list a caller asked for; <see cref="After"/> is the cursor of an earlier page, which belongs to this order.</summary>
public sealed record PageRequest(int Limit, string? After)
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 200;

    public ListOrder Order { get; init; }

    public bool Descending { get; init; }

    /// <summary>The first moment, to the millisecond.</summary>
    public DateTimeOffset? CreatedAfter { get; init; }

    /// <summary>The first moment after it, to the millisecond.</summary>
    public DateTimeOffset? CreatedBefore { get; init; }
}
