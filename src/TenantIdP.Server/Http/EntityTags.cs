using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;

namespace TenantIdP.Server.Http;

/// <summary>A response whose version is its ETag.</summary>
internal interface IVersionedResponse
{
    int Version { get; }
}

/// <summary>Entity tags are the version of the aggregate, strong (RFC 9110 section 8.8.3).</summary>
internal static class EntityTags
{
    // No aggregate has it.
    private const int Never = -1;

    /// <summary>The version that <c>If-Match</c> asks for; null when it is absent or any will do. What is no tag of ours matches nothing.</summary>
    public static int? Expected(string? ifMatch)
    {
        if (ifMatch is null || ifMatch.Trim() == "*") return null;
        var tag = ifMatch.Trim();
        return tag is ['"', .. var digits, '"'] && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : Never;
    }

    /// <summary>Adds the ETag of every single aggregate that is answered.</summary>
    public static async ValueTask<object?> TagAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var result = await next(context);
        var inner = result is INestedHttpResult nested ? nested.Result : result;
        if (inner is IValueHttpResult { Value: IVersionedResponse { Version: var version } }) context.HttpContext.Response.Headers.ETag = $"\"{version.ToString(CultureInfo.InvariantCulture)}\"";
        return result;
    }
}
