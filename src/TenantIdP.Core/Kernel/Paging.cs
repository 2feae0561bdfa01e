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
    private const string IdColumn = "Id";

    /// <returns>Null as id for the first page; the error when the cursor is not one of this list.</returns>
    public static Result Cursor<T>(PageRequest page, out Id<T>? after) where T : IHasIdPrefix
    {
        after = null;
        if (page.After is null) return Result.Ok;
        if (!Id<T>.TryParse(page.After, out var id)) return PageErrors.CursorInvalid;
        after = id;
        return Result.Ok;
    }

    /// <summary>One page in the order of creation, or against it, of what was created within the period that the page asks for. All of it is a walk along the primary key.</summary>
    public static async Task<Result<Page<T>>> PageAsync<T>(this IQueryable<T> rows, PageRequest page, Func<T, Id<T>> id, CancellationToken ct) where T : class, IHasIdPrefix
    {
        var cursor = Cursor<T>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        rows = rows.CreatedWithin(page);
        if (after is { } last) rows = page.Descending ? rows.Where(r => EF.Property<Id<T>>(r, IdColumn) < last) : rows.Where(r => EF.Property<Id<T>>(r, IdColumn) > last);
        rows = page.Descending ? rows.OrderByDescending(r => EF.Property<Id<T>>(r, IdColumn)) : rows.OrderBy(r => EF.Property<Id<T>>(r, IdColumn));
        return await rows.TakePageAsync(page, r => id(r).ToString(), ct);
    }

    /// <summary>An id says when it was made: no other column is read.</summary>
    public static IQueryable<T> CreatedWithin<T>(this IQueryable<T> rows, PageRequest page) where T : class, IHasIdPrefix
    {
        if (page.CreatedAfter is { } since)
        {
            var first = Id<T>.FirstOf(since);
            rows = rows.Where(r => EF.Property<Id<T>>(r, IdColumn) >= first);
        }

        if (page.CreatedBefore is { } until)
        {
            var end = Id<T>.FirstOf(until);
            rows = rows.Where(r => EF.Property<Id<T>>(r, IdColumn) < end);
        }

        return rows;
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
