using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Http;

/// <summary>Turns what a use case answered into what HTTP answers.</summary>
internal static class Answers
{
    public static Results<Ok<TResponse>, ProblemHttpResult> ToOk<T, TResponse>(this Result<T> result, Func<T, TResponse> map) where T : notnull =>
        result.IsOk ? TypedResults.Ok(map(result.Value)) : Problems.From(result.Error);

    public static Results<Created<TResponse>, ProblemHttpResult> ToCreated<T, TResponse>(this Result<T> result, Func<T, TResponse> map, Func<T, string> location) where T : notnull =>
        result.IsOk ? TypedResults.Created(location(result.Value), map(result.Value)) : Problems.From(result.Error);

    public static Results<NoContent, ProblemHttpResult> ToNoContent(this Result result) => result.IsOk ? TypedResults.NoContent() : Problems.From(result.Error);
}
