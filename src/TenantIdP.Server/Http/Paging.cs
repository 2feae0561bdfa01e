using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Http;

/// <summary>The two query parameters of every list.</summary>
/// <param name="Limit">1 to 200, 50 when absent.</param>
/// <param name="After">The <c>next</c> of an earlier page.</param>
public sealed record PageQuery(int? Limit, string? After);

/// <summary>A page; <c>next</c> is null on the last.</summary>
public sealed record ListResponse<T>(IReadOnlyList<T> Data, string? Next);

internal static class Paging
{
    public static readonly Error LimitInvalid = new(ErrorKind.Invalid, "limit_invalid", $"A limit is 1 to {PageRequest.MaxLimit}.", "limit");

    public static async Task<Results<Ok<ListResponse<TResponse>>, ProblemHttpResult>> AnswerAsync<T, TResponse>(
        this PageQuery query, Func<PageRequest, Task<Result<Page<T>>>> list, Func<T, TResponse> map)
    {
        var limit = query.Limit ?? PageRequest.DefaultLimit;
        if (limit is < 1 or > PageRequest.MaxLimit) return Problems.From(LimitInvalid);
        var page = await list(new PageRequest(limit, query.After));
        return page.IsOk ? TypedResults.Ok(new ListResponse<TResponse>([.. page.Value.Items.Select(map)], page.Value.Next)) : Problems.From(page.Error);
    }
}
