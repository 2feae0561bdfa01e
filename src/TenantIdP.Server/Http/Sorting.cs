using System.Text.Json;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Http;

/// <summary>By what a list can be ordered: each of these has an index.</summary>
internal sealed record SortKeys(IReadOnlyList<ListOrder> Orders)
{
    /// <summary>As they are written: each, and each the other way round.</summary>
    public IReadOnlyList<string> Texts { get; } = [.. Orders.Select(Sorting.NameOf).SelectMany(name => new[] { name, $"-{name}" })];
}

/// <summary>
/// The order and the period of a list: <c>sort=createdAt</c>, <c>sort=-createdAt</c>, <c>createdAfter</c>, <c>createdBefore</c>. There is no grammar to combine filters: each list
/// names its own, all that are given must hold, and a prefix search is called <c>q</c>.
/// </summary>
internal static class Sorting
{
    public const string Parameter = "sort";

    public static readonly Error Invalid = new(ErrorKind.Invalid, "sort_invalid", "This list can't be sorted by that: the API's document says by what, each also with '-' before it.", Parameter);
    public static readonly Error PeriodInvalid = new(ErrorKind.Invalid, "period_invalid", "'createdBefore' is later than 'createdAfter'.", "createdBefore");
    public static readonly Error PrefixInvalid = new(ErrorKind.Invalid, "search_invalid", $"A search is 1 to {TextKey.MaxPrefix} characters: what the text begins with.", "q");

    private static readonly SortKeys Plain = new([ListOrder.CreatedAt]);

    /// <summary>Says by what the list can be sorted besides <c>createdAt</c>.</summary>
    public static TBuilder SortedBy<TBuilder>(this TBuilder endpoint, params ListOrder[] further) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new SortKeys([ListOrder.CreatedAt, .. further]));

    public static SortKeys KeysOf(IEnumerable<object> metadata) => metadata.OfType<SortKeys>().LastOrDefault() ?? Plain;

    public static string NameOf(ListOrder order) => JsonNamingPolicy.CamelCase.ConvertName(order.ToString());

    public static Result<PageRequest> Read(PageRequest page, SortQuery wanted, HttpContext context)
    {
        if (wanted is { CreatedAfter: { } since, CreatedBefore: { } until } && since >= until) return PeriodInvalid;
        page = page with { CreatedAfter = wanted.CreatedAfter, CreatedBefore = wanted.CreatedBefore };
        if (wanted.Sort is not { } text) return page;
        var (name, descending) = text.StartsWith('-') ? (text[1..], true) : (text, false);
        foreach (var order in KeysOf(context.GetEndpoint()?.Metadata ?? Enumerable.Empty<object>()).Orders)
        {
            if (NameOf(order) == name) return page with { Order = order, Descending = descending };
        }

        return Invalid;
    }

    /// <summary>What is searched by its beginning; null when nothing is.</summary>
    public static Result CheckPrefix(string? q) => q is { Length: 0 or > TextKey.MaxPrefix } ? PrefixInvalid : Result.Ok;
}
