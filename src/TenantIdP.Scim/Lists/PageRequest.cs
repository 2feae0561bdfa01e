namespace TenantIdP.Scim.Lists;

/// <summary>Which page (RFC 7644 3.4.2.4, RFC 9865 2).</summary>
/// <param name="Count">At most this many; 0 asks for the total alone, by index only.</param>
public abstract record PageRequest(int Count);

/// <param name="StartIndex">From 1.</param>
public sealed record IndexPage(long StartIndex, int Count) : PageRequest(Count)
{
    public long Skip => StartIndex - 1;
}

/// <param name="After">Where the page before ended, as <see cref="ListQuery.NextCursor"/> was told; null for the first page.</param>
public sealed record CursorPage(string? After, int Count) : PageRequest(Count);

/// <param name="DefaultCount">Of a page when the client does not say.</param>
/// <param name="MaxCount">A larger <c>count</c> gets this many: a server may return fewer than asked for.</param>
/// <param name="CursorLifetime">How long a cursor is good for.</param>
public sealed record ListLimits(int DefaultCount, int MaxCount, TimeSpan CursorLifetime);
