using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace TenantIdP.Server.Http;

/// <summary>
/// Refuses, before anything reads it, a request that two readers could understand differently or that is larger than any honest one: repeated parameters (RFC 6749 section
/// 3.1, SECURITY.md F2), text that no store keeps, oversized or broken forms, TRACE.
/// </summary>
internal sealed class RequestShape(RequestDelegate next)
{
    /// <summary>Bodies of pages and protocol endpoints; the API has limits of its own below the server's.</summary>
    public const int MaxFormBytes = 256 * 1024;

    /// <summary>A mebibyte of XML in base64, in a form.</summary>
    private const int MaxSamlBytes = 1536 * 1024;

    private const int MaxQueryLength = 12 * 1024;

    private static readonly FormOptions SamlForm = new() { ValueLengthLimit = MaxSamlBytes, KeyLengthLimit = 256, ValueCountLimit = 20, BufferBodyLengthLimit = MaxSamlBytes };

    public async Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (Failures.IsTelling(context))
        {
            await next(context);
            return;
        }

        var forPeople = RequestKind.IsForPeople(request.Path);
        if (HttpMethods.IsTrace(request.Method) || HttpMethods.IsConnect(request.Method) || (forPeople && !IsOfPages(request.Method)))
        {
            if (forPeople) context.Response.Headers.Allow = "GET, HEAD, POST";
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        // The readers below this throw at a charset they don't know, some of them at any but UTF-8.
        if (request.ContentType is { Length: > 0 } type && !IsReadable(type))
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        if (!StorableText.Is(request.Path.Value) || !AreStorable(request.Query))
        {
            context.Features.Set(NotText);
            context.Response.StatusCode = NotText.Status;
            return;
        }

        if (!forPeople && !RequestKind.IsOAuth(request.Path))
        {
            await next(context);
            return;
        }

        if (await RefusalAsync(context) is { } refusal)
        {
            context.Features.Set(refusal);
            context.Response.StatusCode = refusal.Status;
            return;
        }

        await next(context);
    }

    private static async Task<FailureFacts?> RefusalAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.QueryString.Value?.Length > MaxQueryLength) return FailureFacts.InvalidRequest("The request is too long.");
        if (request.Query.FirstOrDefault(p => p.Value.Count > 1) is { Key: { } name }) return FailureFacts.InvalidRequest(RepeatedMessage(name));
        if (!request.HasFormContentType) return null;

        var isSaml = RequestKind.IsSamlMessage(request.Path);
        var most = isSaml ? MaxSamlBytes : MaxFormBytes;
        var isTooLarge = request.ContentLength > most;
        // What is left of a refused form is read, for five seconds at most: a browser that is still sending would otherwise see a broken connection and no answer.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = isTooLarge ? RequestLimits.MaxDrained : most;
        if (isTooLarge) return FailureFacts.InvalidRequest("The form is too large.", StatusCodes.Status413PayloadTooLarge);
        try
        {
            var form = isSaml ? await request.ReadFormAsync(SamlForm, context.RequestAborted) : await request.ReadFormAsync(context.RequestAborted);
            if (!AreStorable(form)) return NotText;
            return form.FirstOrDefault(p => p.Value.Count > 1) is { Key: { } field } ? FailureFacts.InvalidRequest(RepeatedMessage(field)) : null;
        }
        catch (Exception broken) when (broken is InvalidDataException || (broken is IOException and not BadHttpRequestException && !context.RequestAborted.IsCancellationRequested))
        {
            return FailureFacts.InvalidRequest("The form could not be read.");
        }
        catch (BadHttpRequestException bad)
        {
            return FailureFacts.InvalidRequest("The form could not be read.", bad.StatusCode);
        }
    }

    // A page has no handler for any other: it would be shown without anything that its handler looks up or judges.
    private static bool IsOfPages(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsPost(method);

    private static readonly FailureFacts NotText = FailureFacts.InvalidRequest("The request contains characters that are not text.");

    private static bool AreStorable(IEnumerable<KeyValuePair<string, StringValues>> parameters) => parameters.All(p => StorableText.Is(p.Key) && p.Value.All(StorableText.Is));

    private static bool IsReadable(string contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type) && (!type.Charset.HasValue || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase));

    // The name is the sender's own text and may be anything.
    private static string RepeatedMessage(string name) =>
        name.Length is > 0 and <= 40 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? $"The parameter {name} must appear once." : "A parameter must appear once.";
}
