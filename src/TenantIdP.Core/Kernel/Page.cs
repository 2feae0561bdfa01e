namespace TenantIdP.Core.Kernel;

/// <summary>One page of a list in a stable order; <see cref="Next"/> is the cursor of the following page or null on the last.</summary>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>How much of a list a caller asked for; <see cref="After"/> is the cursor of an earlier page.</summary>
public sealed record PageRequest(int Limit, string? After)
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 200;
}
