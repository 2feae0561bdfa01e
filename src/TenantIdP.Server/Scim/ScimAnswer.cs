using System.Globalization;
using System.Text.Json;
using Microsoft.Net.Http.Headers;
using TenantIdP.Core.Kernel;
using TenantIdP.Scim;
using TenantIdP.Scim.Responses;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Scim;

/// <summary>What a SCIM endpoint answers: <c>application/scim+json</c>, whatever it is. The log of the directory reads from it how the request ended.</summary>
internal sealed class ScimAnswer : IResult
{
    private ScimAnswer(int status, ReadOnlyMemory<byte> body) => (Status, Body) = (status, body);

    public int Status { get; }
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Null when it is none.</summary>
    public ScimError? Error { get; private init; }

    /// <summary>The address of what was created or changed.</summary>
    public string? Location { get; init; }

    /// <summary>As <see cref="ETags.Of"/> makes it.</summary>
    public string? ETag { get; init; }

    /// <summary>For the log: what was created, or what the request was about where its address doesn't say.</summary>
    public string? ResourceId { get; init; }

    public static ScimAnswer Ok(Action<Utf8JsonWriter> write) => new(StatusCodes.Status200OK, ScimMessages.ToBytes(write));

    /// <summary>A resource, as it is now.</summary>
    public static ScimAnswer Found(string location, string? etag, Action<Utf8JsonWriter> write) => new(StatusCodes.Status200OK, ScimMessages.ToBytes(write)) { Location = location, ETag = etag };

    /// <param name="id">Of the new resource.</param>
    public static ScimAnswer Created(string id, string location, string? etag, Action<Utf8JsonWriter> write) =>
        new(StatusCodes.Status201Created, ScimMessages.ToBytes(write)) { ResourceId = id, Location = location, ETag = etag };

    /// <summary>It is another than before and is not shown again.</summary>
    public static ScimAnswer Changed(string location, string etag) => new(StatusCodes.Status204NoContent, default) { Location = location, ETag = etag };

    public static ScimAnswer NoContent { get; } = new(StatusCodes.Status204NoContent, default);

    /// <summary>The client has this version (RFC 7644 section 3.14).</summary>
    public static ScimAnswer NotModified(string etag) => new(StatusCodes.Status304NotModified, default) { ETag = etag };

    public static ScimAnswer Of(ScimError error) => new(error.Status, ScimMessages.ToBytes(json => ScimMessages.WriteError(json, error))) { Error = error };

    /// <summary>A refusal of the domain; its stable code stands at the end of the sentence, because SCIM has no place for it.</summary>
    /// <param name="scimType">One of <see cref="ScimTypes"/>, where one fits.</param>
    public static ScimAnswer Of(Error error, string? scimType = null) => Of(ErrorOf(error, scimType));

    /// <inheritdoc cref="Of(Error, string?)"/>
    public static ScimError ErrorOf(Error error, string? scimType = null) => new(Problems.Status(error.Kind), scimType, $"{error.Message} ({error.Code})");

    /// <summary>What failed before or outside of an endpoint. Never the text of an exception.</summary>
    public static ScimAnswer Of(FailureFacts facts, string traceId) => Of(new ScimError(facts.Status, null, facts.Status >= 500 ? $"{facts.Message} ({facts.Code}, trace {traceId})" : $"{facts.Message} ({facts.Code})"));

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Features.Set(this);
        var response = httpContext.Response;
        response.StatusCode = Status;
        response.Headers.CacheControl = "no-store";
        if (Location is not null) response.Headers.Location = Location;
        if (ETag is not null) response.Headers.ETag = ETag;
        if (Body.IsEmpty) return;
        response.ContentType = ScimMessages.ContentType;
        response.ContentLength = Body.Length;
        if (!HttpMethods.IsHead(httpContext.Request.Method)) await response.Body.WriteAsync(Body, httpContext.RequestAborted);
    }

    /// <summary>The same, and when to come back.</summary>
    public Task ExecuteAsync(HttpContext context, TimeSpan retryAfter)
    {
        ComeBack(context, retryAfter);
        return ExecuteAsync(context);
    }

    public static void ComeBack(HttpContext context, TimeSpan retryAfter) =>
        context.Response.Headers[HeaderNames.RetryAfter] = ((long)Math.Max(1, Math.Ceiling(retryAfter.TotalSeconds))).ToString(CultureInfo.InvariantCulture);
}
