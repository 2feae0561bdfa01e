using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Http;

/// <summary>The query parameters of every list.</summary>
public sealed record PageQuery
{
    /// <summary>1 to 200, 50 when absent.</summary>
    public int? Limit { get; init; }

    /// <summary>The <c>next</c> of an earlier page.</summary>
    public string? After { get; init; }

    /// <summary>Names of members, separated by commas: items come with these only. All when absent.</summary>
    public string? Fields { get; init; }

    /// <summary>The request, which says whose cursor it is.</summary>
    public required HttpContext Context { get; init; }
}

/// <summary>What a list understands that is sorted and narrowed to a period.</summary>
public sealed record SortQuery
{
    /// <summary>What the list is ordered by, with <c>-</c> before it the other way round; <c>createdAt</c> when absent.</summary>
    public string? Sort { get; init; }

    /// <summary>The first moment, to the millisecond.</summary>
    public DateTimeOffset? CreatedAfter { get; init; }

    /// <summary>The first moment after it, to the millisecond.</summary>
    public DateTimeOffset? CreatedBefore { get; init; }
}

/// <summary>A page; <c>next</c> is null on the last.</summary>
public sealed record ListResponse<T>(IReadOnlyList<T> Data, string? Next);

internal static class Paging
{
    public const string LimitParameter = "limit";
    public const string AfterParameter = "after";

    public static readonly Error LimitInvalid = new(ErrorKind.Invalid, "limit_invalid", $"A limit is 1 to {PageRequest.MaxLimit}.", LimitParameter);

    /// <summary>Answers one page. The list sees and answers positions; what the caller sees and sends back are cursors that open for this very list only.</summary>
    public static async Task<Results<Ok<ListResponse<TResponse>>, ProblemHttpResult>> AnswerAsync<T, TResponse>(
        this PageQuery query, Func<PageRequest, Task<Result<Page<T>>>> list, Func<T, TResponse> map)
    {
        var wanted = query.Read();
        return wanted.IsOk ? await query.AnswerAsync(wanted.Value, list, map) : Problems.From(wanted.Error);
    }

    /// <summary>The same for a list that is sorted and narrowed.</summary>
    public static async Task<Results<Ok<ListResponse<TResponse>>, ProblemHttpResult>> AnswerAsync<T, TResponse>(
        this PageQuery query, SortQuery sort, Func<PageRequest, Task<Result<Page<T>>>> list, Func<T, TResponse> map)
    {
        var wanted = query.Read();
        if (!wanted.IsOk) return Problems.From(wanted.Error);
        var ordered = Sorting.Read(wanted.Value, sort, query.Context);
        return ordered.IsOk ? await query.AnswerAsync(ordered.Value, list, map) : Problems.From(ordered.Error);
    }

    /// <summary>For a list whose answer has a shape of its own: what the caller asks for, with the position in place of the cursor.</summary>
    public static Result<PageRequest> Read(this PageQuery query)
    {
        var limit = query.Limit ?? PageRequest.DefaultLimit;
        if (limit is < 1 or > PageRequest.MaxLimit) return LimitInvalid;
        if (query.After is not { } cursor) return new PageRequest(limit, null);
        var opened = CursorsOf(query).Open(cursor, NameOf(query.Context));
        return opened.IsOk ? new PageRequest(limit, opened.Value) : opened.Error;
    }

    /// <summary>The cursor of a position, for this very list.</summary>
    public static string? Seal(this PageQuery query, string? position) => position is null ? null : CursorsOf(query).Seal(position, NameOf(query.Context));

    private static async Task<Results<Ok<ListResponse<TResponse>>, ProblemHttpResult>> AnswerAsync<T, TResponse>(
        this PageQuery query, PageRequest wanted, Func<PageRequest, Task<Result<Page<T>>>> list, Func<T, TResponse> map)
    {
        var chosen = FieldChoice.Read<TResponse>(query.Fields, query.Context);
        if (!chosen.IsOk) return Problems.From(chosen.Error);
        var page = await list(wanted);
        return page.IsOk ? TypedResults.Ok(new ListResponse<TResponse>([.. page.Value.Items.Select(map)], query.Seal(page.Value.Next))) : Problems.From(page.Error);
    }

    private static Cursors CursorsOf(PageQuery query) => query.Context.RequestServices.GetRequiredService<Cursors>();

    /// <summary>The operation, the ids of its path (its organization among them), its filter and its order. The members that are shown are no part of it.</summary>
    private static string NameOf(HttpContext context)
    {
        var path = context.Request.RouteValues.Select(v => (v.Key, Value: Convert.ToString(v.Value, CultureInfo.InvariantCulture) ?? ""));
        var filter = context.Request.Query
            .Where(p => !new[] { LimitParameter, AfterParameter, FieldChoice.Parameter }.Contains(p.Key, StringComparer.OrdinalIgnoreCase))
            .SelectMany(p => p.Value.Select(value => (Key: "?" + p.Key.ToLowerInvariant(), Value: value ?? "")));
        var parts = path.Concat(filter).Select(p => $"{Uri.EscapeDataString(p.Key)}={Uri.EscapeDataString(p.Value)}").Order(StringComparer.Ordinal);
        return string.Join('\n', parts.Prepend(context.GetEndpoint()?.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName ?? context.Request.Path.Value));
    }
}
