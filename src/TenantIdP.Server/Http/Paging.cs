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
        var limit = query.Limit ?? PageRequest.DefaultLimit;
        if (limit is < 1 or > PageRequest.MaxLimit) return Problems.From(LimitInvalid);
        var (cursors, name) = (query.Context.RequestServices.GetRequiredService<Cursors>(), NameOf(query.Context));
        string? after = null;
        if (query.After is { } cursor)
        {
            var opened = cursors.Open(cursor, name);
            if (!opened.IsOk) return Problems.From(opened.Error);
            after = opened.Value;
        }

        var page = await list(new PageRequest(limit, after));
        if (!page.IsOk) return Problems.From(page.Error);
        return TypedResults.Ok(new ListResponse<TResponse>([.. page.Value.Items.Select(map)], page.Value.Next is { } next ? cursors.Seal(next, name) : null));
    }

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
