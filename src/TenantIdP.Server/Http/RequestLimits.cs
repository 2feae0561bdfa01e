using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace TenantIdP.Server.Http;

/// <summary>
/// What a request body may be, and what a refused one is answered with. The framework answers a body it can't bind with an empty 4xx, an exception or (an unknown charset)
/// a 500; here each becomes a problem with a code.
/// </summary>
internal static partial class RequestLimits
{
    public const long MaxBody = 1024 * 1024;

    // Kestrel reads what is left of a refused body, for five seconds at most, before it closes: without that, a client that is still sending gets a broken connection
    // instead of the answer. Larger ones than this are cut off.
    internal const long MaxDrained = 8 * MaxBody;

    /// <returns>False when the request was answered.</returns>
    public static async Task<bool> CheckAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = MostOf(context) + MaxDrained - MaxBody;
        if (context.Request.ContentLength > MostOf(context)) return await RefuseSizeAsync(context);
        if (OwnOf(context) is { } own && (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var sent) || !sent.MediaType.Equals(own.MediaType, StringComparison.OrdinalIgnoreCase)))
        {
            await Problems.WriteAsync(context, EdgeProblems.UnsupportedMediaType with { Message = $"Send {own.MediaType}." });
            return false;
        }

        if (string.IsNullOrEmpty(context.Request.ContentType)) return true;
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type))
        {
            await Problems.WriteAsync(context, EdgeProblems.UnsupportedMediaType with { Message = "Content-Type is not a media type." });
            return false;
        }

        // RFC 8259 section 8.1: JSON between systems is UTF-8.
        var charset = HeaderUtilities.RemoveQuotes(type.Charset);
        if (!charset.HasValue || charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)) return await CheckTextAsync(context);
        await Problems.WriteAsync(context, EdgeProblems.UnsupportedCharset);
        return false;
    }

    /// <summary>Reads the body, which is small by now, and puts it back for the binder.</summary>
    private static async Task<bool> CheckTextAsync(HttpContext context)
    {
        var body = new MemoryStream();
        try
        {
            var part = new byte[16 * 1024];
            for (int read; (read = await context.Request.Body.ReadAsync(part, context.RequestAborted)) > 0;)
            {
                if (body.Length + read > MostOf(context)) return await RefuseSizeAsync(context);
                body.Write(part, 0, read);
            }
        }
        catch (BadHttpRequestException refused)
        {
            await RefuseAsync(context, refused);
            return false;
        }

        if (OwnOf(context) is null && !StorableText.IsIn(body.GetBuffer().AsSpan(0, (int)body.Length)))
        {
            await Problems.WriteAsync(context, EdgeProblems.TextInvalid);
            return false;
        }

        body.Position = 0;
        context.Request.Body = body;
        return true;
    }

    private static async Task<bool> RefuseSizeAsync(HttpContext context)
    {
        await Problems.WriteAsync(context, EdgeProblems.RequestTooLarge with { Message = $"A request body has at most {MostOf(context)} bytes here." });
        return false;
    }

    private static BodyLimit? OwnOf(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<BodyLimit>();

    private static long MostOf(HttpContext context) => OwnOf(context)?.Bytes ?? MaxBody;

    public static Task RefuseAsync(HttpContext context, BadHttpRequestException refused)
    {
        if (refused.InnerException is JsonException json) return RefuseAsync(context, json);
        return refused.StatusCode switch
        {
            StatusCodes.Status413PayloadTooLarge => Problems.WriteAsync(context, EdgeProblems.RequestTooLarge),
            StatusCodes.Status415UnsupportedMediaType => Problems.WriteAsync(context, EdgeProblems.UnsupportedMediaType),
            StatusCodes.Status400BadRequest when ParameterName().Match(refused.Message) is { Success: true } match =>
                Problems.WriteAsync(context, EdgeProblems.ParameterInvalid with { Field = match.Groups[1].Value }),
            StatusCodes.Status400BadRequest => Problems.WriteAsync(context, EdgeProblems.MalformedRequest),
            _ => Problems.WriteAsync(context, new Microsoft.AspNetCore.Mvc.ProblemDetails { Status = refused.StatusCode }),
        };
    }

    private static Task RefuseAsync(HttpContext context, JsonException json)
    {
        var unknown = UnknownMember().Match(json.Message);
        if (unknown.Success) return Problems.WriteAsync(context, EdgeProblems.UnknownField with { Message = $"There is no field '{unknown.Groups[1].Value}'.", Field = unknown.Groups[1].Value });
        var field = json.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : null;
        return field is null
            ? Problems.WriteAsync(context, EdgeProblems.MalformedJson)
            : Problems.WriteAsync(context, EdgeProblems.MalformedJson with { Message = $"The value of '{field}' is not of the expected type.", Field = field });
    }

    // System.Text.Json names the member in its message only.
    [GeneratedRegex("^The JSON property '([^']{1,100})' could not be mapped", RegexOptions.CultureInvariant)]
    private static partial Regex UnknownMember();

    // "Failed to bind parameter "Nullable<int> limit" from "abc"."
    [GeneratedRegex("^Failed to bind parameter \"[^\"]*? ([A-Za-z]+)\" from", RegexOptions.CultureInvariant)]
    private static partial Regex ParameterName();
}
