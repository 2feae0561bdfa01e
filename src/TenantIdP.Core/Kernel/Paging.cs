using Microsoft.EntityFrameworkCore;

namespace TenantIdP.Core.Kernel;

public static class PageErrors
{
    public static readonly Error CursorInvalid = new(ErrorKind.Invalid, "invalid_cursor", "Pass 'next' of an earlier page as 'after', unchanged.", "after");
}

/// <summary>
/// A page ends at the id of its last item: ids sort by creation, so that a list stays stable while it grows. Callers from outside see it sealed (<see cref="Cursors"/>).
/// </summary>
internal static class Paging
{
    /// <returns>Null as id for the first page; the error when the cursor is not one of this list.</returns>
    public static Result Cursor<T>(PageRequest page, out Id<T>? after) where T : IHasIdPrefix
    {
        after = null;
        if (page.After is null) return Result.Ok;
        if (!Id<T>.TryParse(page.After, out var id)) return PageErrors.CursorInvalid;
        after = id;
        return Result.Ok;
    }

    /// <param name="ordered">Filtered to ids after the cursor and ordered by id.</param>
    public static async Task<Page<T>> TakePageAsync<T>(this IQueryable<T> ordered, PageRequest page, Func<T, string> cursor, CancellationToken ct)
    {
        var limit = Math.Clamp(page.Limit, 1, PageRequest.MaxLimit);
        var rows = await ordered.Take(limit + 1).ToListAsync(ct);
        if (rows.Count <= limit) return new Page<T>(rows, null);
        rows.RemoveAt(limit);
        return new Page<T>(rows, cursor(rows[^1]));
    }
}
