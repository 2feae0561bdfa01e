namespace TenantIdP.Demo.Pages;

/// <summary>
/// Refuses a form post that another site made. Browsers always send Origin with a post; a program that sends
/// neither header carries no cookie that it did not set itself.
/// </summary>
internal sealed class SameOriginFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var request = context.HttpContext.Request;
        return IsOurs(request)
            ? await next(context)
            : TypedResults.Text("This form was sent from another site.", statusCode: StatusCodes.Status403Forbidden);
    }

    private static bool IsOurs(HttpRequest request)
    {
        if (request.Headers.Origin is [var origin])
            return origin == $"{request.Scheme}://{request.Host}";

        return request.Headers["Sec-Fetch-Site"] is [] or ["same-origin"] or ["none"];
    }
}
