using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Names;
using TenantIdP.Scim.Responses;
using TenantIdP.Scim.Schemas;

namespace TenantIdP.Scim.Lists;

/// <param name="By">An attribute that is simple, or of whose values one has a <c>value</c>.</param>
public sealed record SortOrder(AttributePath By, bool Descending);

/// <summary>A question for resources of one type, whole and valid.</summary>
public sealed class ListQuery
{
    private readonly ulong fingerprint;

    private ListQuery(ScimFilter? filter, SortOrder? sort, PageRequest page, Projection projection, ulong fingerprint) =>
        (Filter, Sort, Page, Projection, this.fingerprint) = (filter, sort, page, projection, fingerprint);

    public ScimFilter? Filter { get; }

    public SortOrder? Sort { get; }

    public PageRequest Page { get; }

    public Projection Projection { get; }

    /// <param name="now">For the age of a cursor.</param>
    public static ScimResult<ListQuery> Parse(ListParameters sent, ScimResourceType type, ListLimits limits, DateTimeOffset now)
    {
        var projection = Projection.Parse(sent.Attributes, sent.ExcludedAttributes, type);
        if (!projection.IsOk) return projection.Error;
        ScimFilter? filter = null;
        if (sent.Filter is not null)
        {
            // An empty filter is an error of the client, not a wish for everybody.
            var parsed = FilterParser.Parse(sent.Filter, type);
            if (!parsed.IsOk) return parsed.Error;
            filter = parsed.Value;
        }

        if (TrySort(sent, type, out var sort) is { } wrong) return wrong;
        var fingerprint = Fingerprint(type, filter, sort);
        var page = ParsePage(sent, limits, fingerprint, now);
        return page.IsOk ? new ListQuery(filter, sort, page.Value, projection.Value, fingerprint) : page.Error;
    }

    /// <summary>The cursor of the page after this one. It is good for this query only: the same type, filter and order.</summary>
    /// <param name="position">What finds the place again, at most 700 bytes; never what the client must not see.</param>
    public string NextCursor(string position, DateTimeOffset now)
    {
        var cursor = ListCursor.Make(position, fingerprint, now);
        return cursor.Length <= ScimLimits.MaxCursorLength ? cursor : throw new ArgumentException("The position is too long for a cursor.", nameof(position));
    }

    private static ScimError? TrySort(ListParameters sent, ScimResourceType type, out SortOrder? sort)
    {
        sort = null;
        var descending = "descending".Equals(sent.SortOrder, StringComparison.OrdinalIgnoreCase);
        if (!descending && !string.IsNullOrEmpty(sent.SortOrder) && !"ascending".Equals(sent.SortOrder, StringComparison.OrdinalIgnoreCase)) return ScimErrors.InvalidValue("sortOrder", "must be ascending or descending.");
        if (string.IsNullOrEmpty(sent.SortBy)) return null;
        if (!NameResolver.TryResolve(type, sent.SortBy, out var path)) return ScimErrors.InvalidPath($"sortBy: {type.Name} has no attribute {ScimErrors.Quote(sent.SortBy)}.");
        if (path.IsSecret || (path.Leaf.IsComplex && path.Leaf.ValueAttribute is null)) return ScimErrors.InvalidPath($"sortBy: {path} has no order.");
        sort = new SortOrder(path.Leaf is { IsComplex: true, ValueAttribute: { } value } ? path with { SubAttribute = value } : path, descending);
        return null;
    }

    private static ScimResult<PageRequest> ParsePage(ListParameters sent, ListLimits limits, ulong fingerprint, DateTimeOffset now)
    {
        if (!TryNumber(sent.StartIndex, 1, out var start)) return ScimErrors.InvalidValue("startIndex", "must be a whole number.");
        var counted = TryNumber(sent.Count, limits.DefaultCount, out var count);
        if (sent.Cursor is null)
        {
            // Less than 1 means 1, and less than 0 means 0 (RFC 7644 table 6).
            return counted ? new IndexPage(Math.Max(1, start), (int)Math.Clamp(count, 0, limits.MaxCount)) : ScimErrors.InvalidValue("count", "must be a whole number.");
        }

        if (sent.StartIndex is not null) return ScimErrors.InvalidValue("startIndex", "can't be sent together with cursor.");
        if (!counted || count < 1) return ScimErrors.InvalidCount(limits.MaxCount);
        if (sent.Cursor.Length == 0) return new CursorPage(null, (int)Math.Min(count, limits.MaxCount));
        var after = ListCursor.Read(sent.Cursor, fingerprint, now, limits.CursorLifetime);
        return after.IsOk ? new CursorPage(after.Value, (int)Math.Min(count, limits.MaxCount)) : after.Error;
    }

    /// <summary>A number too large for a long is as good as the largest one.</summary>
    private static bool TryNumber(string? text, long otherwise, out long number)
    {
        number = otherwise;
        if (text is null) return true;
        var digits = text.AsSpan().Trim();
        var negative = digits.StartsWith("-");
        if (negative) digits = digits[1..];
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9')) return false;
        if (!long.TryParse(digits, out number)) number = long.MaxValue;
        if (negative) number = -number;
        return true;
    }

    private static ulong Fingerprint(ScimResourceType type, ScimFilter? filter, SortOrder? sort)
    {
        var text = $"{type.Name}\n{filter}\n{sort?.By}\n{sort?.Descending}";
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
