using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Http;

/// <summary>The two query parameters of every list.</summary>
/// <param name="Limit">1 to 200, 50 when absent.</param>
/// <param name="After">The <c>next</c> of an earlier page.</param>
/// <param name="Context">The request, which says whose cursor it is.</param>
public sealed record PageQuery(int? Limit, string? After, HttpContext Context);

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
        if (!wanted.IsOk) return Problems.From(wanted.Error);
        var page = await list(wanted.Value);
        return page.IsOk ? TypedResults.Ok(new ListResponse<TResponse>([.. page.Value.Items.Select(map)], query.Seal(page.Value.Next))) : Problems.From(page.Error);
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

    private static Cursors CursorsOf(PageQuery query) => query.Context.RequestServices.GetRequiredService<Cursors>();

    /// <summary>The operation, the ids of its path (its organization among them) and its filter.</summary>
    private static string NameOf(HttpContext context)
    {
        var path = context.Request.RouteValues.Select(v => (v.Key, Value: Convert.ToString(v.Value, CultureInfo.InvariantCulture) ?? ""));
        var filter = context.Request.Query
            .Where(p => !p.Key.Equals(LimitParameter, StringComparison.OrdinalIgnoreCase) && !p.Key.Equals(AfterParameter, StringComparison.OrdinalIgnoreCase))
            .SelectMany(p => p.Value.Select(value => (Key: "?" + p.Key.ToLowerInvariant(), Value: value ?? "")));
        var parts = path.Concat(filter).Select(p => $"{Uri.EscapeDataString(p.Key)}={Uri.EscapeDataString(p.Value)}").Order(StringComparer.Ordinal);
        return string.Join('\n', parts.Prepend(context.GetEndpoint()?.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName ?? context.Request.Path.Value));
    }
}
