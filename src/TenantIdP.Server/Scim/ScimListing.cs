using System.Globalization;
using TenantIdP.Scim;
using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Lists;
using TenantIdP.Scim.Values;

namespace TenantIdP.Server.Scim;

/// <summary>What an index can find of a filter.</summary>
/// <param name="Match">Null: nothing can satisfy the filter.</param>
/// <param name="IsExact">Whether it finds what the filter means and nothing else. Otherwise the kernel looks at each.</param>
internal readonly record struct Indexed<TMatch>(TMatch? Match, bool IsExact) where TMatch : class;

/// <summary>
/// Answers a list query (RFC 7644 3.4.2, RFC 9865) from rows. What an index can say is asked of the store, a page at a time. For the rest every candidate is walked past once, in
/// batches, and judged by the kernel: what is kept is no more than one page, or the sort key of each match up to <see cref="MostKeyCharacters"/>.
/// </summary>
internal abstract class ScimListing<TRow, TMatch>(ScimRequest scim, ScimWalks walks) where TRow : class where TMatch : class
{
    private const int Batch = 200;

    /// <summary>Together, of all results that are sorted in memory.</summary>
    private const long MostKeyCharacters = 16 * 1024 * 1024;

    /// <summary>Counted for each key besides its text.</summary>
    private const int KeyOverhead = 32;

    protected ScimRequest Scim { get; } = scim;

    protected abstract TMatch All { get; }

    protected abstract Indexed<TMatch> Translate(ScimFilter filter);

    /// <summary>Whether the store can sort by it.</summary>
    protected abstract bool CanOrder(SortOrder sort);

    protected abstract string IdOf(TRow row);

    protected abstract Task<int> CountAsync(TMatch match, CancellationToken ct);

    /// <summary>The next ones in the order of ids.</summary>
    /// <param name="after">An id, or what a client made of a cursor; null for the first ones.</param>
    protected abstract Task<IReadOnlyList<TRow>> AfterAsync(TMatch match, string? after, int take, CancellationToken ct);

    /// <param name="sort">One that the store can; null for the order of ids.</param>
    protected abstract Task<IReadOnlyList<TRow>> SliceAsync(TMatch match, SortOrder? sort, int skip, int take, CancellationToken ct);

    /// <summary>In no order.</summary>
    protected abstract Task<IReadOnlyList<TRow>> OfAsync(IReadOnlyCollection<string> ids, CancellationToken ct);

    /// <summary>The rows as resources, with what filter and order look at.</summary>
    protected abstract Task<IReadOnlyList<ComplexValue>> CandidatesAsync(IReadOnlyList<TRow> rows, ScimFilter? filter, SortOrder? sort, CancellationToken ct);

    /// <summary>The rows as resources, with what the query shows.</summary>
    protected abstract Task<IReadOnlyList<ComplexValue>> ShownAsync(IReadOnlyList<TRow> rows, ListQuery query, CancellationToken ct);

    /// <summary>How many of the rows one answer shows: fewer than there are where each can be large. At least one.</summary>
    protected virtual Task<int> FittingAsync(IReadOnlyList<TRow> rows, ListQuery query, CancellationToken ct) => Task.FromResult(rows.Count);

    public async Task<ScimResult<ScimPage>> ReadAsync(ListQuery query, CancellationToken ct)
    {
        var indexed = query.Filter is { } filter ? Translate(filter) : new Indexed<TMatch>(All, true);
        if (indexed.Match is not { } match) return new ScimPage(0, [], null);
        if (!TryPlace(query, out var place)) return ScimErrors.InvalidCursor();
        if (indexed.IsExact && (query.Sort is null || CanOrder(query.Sort))) return await DirectAsync(query, match, place, ct);
        using var turn = walks.TryBegin(Scim.Directory.Id);
        if (turn is null)
        {
            ScimAnswer.ComeBack(Scim.Http, ScimWalks.Pause);
            return ScimWalks.Refusal;
        }

        return query.Sort is null ? await WalkAsync(query, match, place, ct) : await SortAsync(query, match, query.Sort, place, ct);
    }

    /// <param name="After">Of a cursor in the order of ids.</param>
    private readonly record struct Place(int Skip, string? After, bool ByCursor, int Take);

    /// <summary>A cursor in the order of ids is the last id; in any other order it is how many there were before.</summary>
    private static bool TryPlace(ListQuery query, out Place place)
    {
        place = default;
        switch (query.Page)
        {
            case IndexPage index:
                place = new Place((int)Math.Min(index.Skip, int.MaxValue), null, false, index.Count);
                return true;
            case CursorPage cursor when query.Sort is null || cursor.After is null:
                place = new Place(0, cursor.After, true, cursor.Count);
                return true;
            case CursorPage cursor:
                if (!int.TryParse(cursor.After, NumberStyles.None, CultureInfo.InvariantCulture, out var skip)) return false;
                place = new Place(skip, null, true, cursor.Count);
                return true;
            default:
                return false;
        }
    }

    private async Task<ScimResult<ScimPage>> DirectAsync(ListQuery query, TMatch match, Place place, CancellationToken ct)
    {
        if (place.Take == 0) return new ScimPage(await CountAsync(match, ct), [], null);
        // One more than the page tells whether there is another.
        var take = place.ByCursor ? place.Take + 1 : place.Take;
        var rows = place is { ByCursor: true, Skip: 0 } && query.Sort is null ? await AfterAsync(match, place.After, take, ct) : await SliceAsync(match, query.Sort, place.Skip, take, ct);
        var isWhole = place is { Skip: 0, After: null } && rows.Count < take;
        var total = isWhole ? rows.Count : await CountAsync(match, ct);
        var page = await FitAsync([.. rows.Take(place.Take)], query, ct);
        return new ScimPage(total, await ShownAsync(page, query, ct), place.ByCursor && rows.Count > page.Count ? Next(query, place, page) : null);
    }

    private async Task<IReadOnlyList<TRow>> FitAsync(IReadOnlyList<TRow> page, ListQuery query, CancellationToken ct)
    {
        var fitting = await FittingAsync(page, query, ct);
        return fitting < page.Count ? [.. page.Take(fitting)] : page;
    }

    private string Next(ListQuery query, Place place, IReadOnlyList<TRow> page) =>
        query.Sort is null ? IdOf(page[^1]) : ((long)place.Skip + page.Count).ToString(CultureInfo.InvariantCulture);

    private async Task<ScimResult<ScimPage>> WalkAsync(ListQuery query, TMatch match, Place place, CancellationToken ct)
    {
        var (total, kept, passed, more) = (0L, new List<TRow>(), place.After is null, false);
        await foreach (var (row, _) in MatchesAsync(query, match, ct))
        {
            // Every match counts for the total; those before the page are passed by.
            var before = place.ByCursor ? !passed && string.CompareOrdinal(IdOf(row), place.After) <= 0 : total < place.Skip;
            total++;
            if (before) continue;
            passed = true;
            if (kept.Count < place.Take) kept.Add(row);
            else more = true;
        }

        var page = await FitAsync(kept, query, ct);
        return new ScimPage(total, await ShownAsync(page, query, ct), place.ByCursor && (more || page.Count < kept.Count) ? Next(query, place, page) : null);
    }

    private async Task<ScimResult<ScimPage>> SortAsync(ListQuery query, TMatch match, SortOrder sort, Place place, CancellationToken ct)
    {
        var (comparer, keys, size) = (new ResourceComparer(sort), new List<(ScimValue? Key, string Id)>(), 0L);
        await foreach (var (row, resource) in MatchesAsync(query, match, ct))
        {
            var key = comparer.Key(resource);
            if ((size += KeyOverhead + (key?.AsText?.Length ?? 0)) > MostKeyCharacters) return ScimErrors.TooMany("There are too many results to sort by this attribute. Filter them, or sort by userName.");
            keys.Add((key, IdOf(row)));
        }

        keys.Sort((a, b) => comparer.CompareByKey(a.Key, b.Key) is var order && order != 0 ? order : string.CompareOrdinal(a.Id, b.Id));
        var ids = keys.Skip(place.Skip).Take(place.Take).Select(k => k.Id).ToList();
        var found = (await OfAsync(ids, ct)).ToDictionary(IdOf, StringComparer.Ordinal);
        List<TRow> whole = [.. ids.Select(found.GetValueOrDefault).OfType<TRow>()]; // one may have gone meanwhile
        var page = await FitAsync(whole, query, ct);
        var end = (long)place.Skip + (page.Count < whole.Count ? page.Count : place.Take);
        return new ScimPage(keys.Count, await ShownAsync(page, query, ct), place.ByCursor && end < keys.Count ? end.ToString(CultureInfo.InvariantCulture) : null);
    }

    private async IAsyncEnumerable<(TRow Row, ComplexValue Resource)> MatchesAsync(ListQuery query, TMatch match, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        string? after = null;
        for (IReadOnlyList<TRow> rows; (rows = await AfterAsync(match, after, Batch, ct)).Count > 0; after = IdOf(rows[^1]))
        {
            var resources = await CandidatesAsync(rows, query.Filter, query.Sort, ct);
            for (var i = 0; i < rows.Count; i++)
            {
                if (query.Filter is null || FilterEvaluator.Matches(query.Filter, resources[i])) yield return (rows[i], resources[i]);
            }

            if (rows.Count < Batch) yield break;
        }
    }
}
