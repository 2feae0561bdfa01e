using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Composition;
using TenantIdP.Server.Scim;

namespace TenantIdP.Server.Http;

/// <summary>
/// Gives every failed request without a body one: a page for people, an OAuth error at the protocol endpoints, a SCIM error for directories, a problem elsewhere. Each has a trace id and none has
/// the text of an exception. A database that can't be reached is 503 and not 500 (SECURITY.md R4); a change that another
/// one overtook is 409.
/// </summary>
internal sealed class Failures(RequestDelegate next, Telemetry telemetry, ILogger<Failures> logger)
{
    private const int ClientClosedRequest = 499;

    private sealed record Telling;

    /// <summary>The request is on its second way, to the error page: what was refused on the first isn't judged again.</summary>
    public static bool IsTelling(HttpContext context) => context.Features.Get<Telling>() is not null;

    public async Task InvokeAsync(HttpContext context)
    {
        // Tells the engine that it need not write a page of its own.
        context.Features.Set<IStatusCodePagesFeature>(new StatusCodePagesFeature());
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            if (!context.Response.HasStarted) context.Response.StatusCode = ClientClosedRequest;
            return;
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            // Everything that gets here is a bug or an outage; it is logged whole and told without its text.
            var facts = FactsOf(failure, context);
            Reset(context);
            context.Features.Set(facts);
            context.Response.StatusCode = facts.Status;
        }

        if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null or 0, ContentType: null }) await TellAsync(context);
    }

    private FailureFacts FactsOf(Exception failure, HttpContext context)
    {
        if (failure is BadHttpRequestException bad) return FailureFacts.InvalidRequest("The request could not be read.", bad.StatusCode);
        if (StoreFailures.IsOutage(failure))
        {
            telemetry.DatabaseError(StoreFailures.CodeOf(failure));
            Log.DatabaseUnavailable(logger, failure, RequestTrace.Of(context));
            return new FailureFacts(StatusCodes.Status503ServiceUnavailable, "temporarily_unavailable", "The service is not available for the moment. Try again shortly.") { RetryAfterSeconds = 5 };
        }

        if (StoreFailures.IsOvertaken(failure))
        {
            Log.Overtaken(logger, failure, RequestTrace.Of(context));
            return FailureFacts.From(VersionErrors.ChangedMeanwhile);
        }

        Log.RequestFailed(logger, failure, RequestTrace.Of(context));
        return new FailureFacts(StatusCodes.Status500InternalServerError, "server_error", "Something went wrong on our side.");
    }

    private async Task TellAsync(HttpContext context)
    {
        var facts = context.Features.Get<FailureFacts>() ?? Composition.Engine.FailureOf(context) ?? Plain(context.Response.StatusCode);
        if (facts.RetryAfterSeconds is { } seconds) context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);

        var path = context.Request.Path;
        if (HttpMethods.IsHead(context.Request.Method)) return;
        if (RequestKind.IsForPeople(path)) await ShowPageAsync(context, facts);
        else if (RequestKind.IsScim(path)) await ScimAnswer.Of(facts, RequestTrace.Of(context)).ExecuteAsync(context);
        else if (RequestKind.IsOAuth(path)) await WriteAsync(context, "application/json", new { error = facts.Code, error_description = facts.Message, trace_id = RequestTrace.Of(context) });
        else
        {
            await WriteAsync(context, "application/problem+json", new
            {
                type = "about:blank",
                title = ReasonPhrases.GetReasonPhrase(facts.Status),
                status = facts.Status,
                detail = facts.Message,
                code = facts.Code,
                traceId = RequestTrace.Of(context),
            });
        }
    }

    private async Task ShowPageAsync(HttpContext context, FailureFacts facts)
    {
        var (path, query, method, status) = (context.Request.Path, context.Request.QueryString, context.Request.Method, context.Response.StatusCode);
        context.Features.Set(facts);
        context.Features.Set(new Telling());
        context.SetEndpoint(null);
        context.Request.RouteValues.Clear();
        (context.Request.Path, context.Request.QueryString, context.Request.Method) = (InteractionPaths.Error, QueryString.Empty, HttpMethods.Get);
        // A body that was refused must not be read again on the way to the page.
        (context.Request.ContentType, context.Request.Body) = (null, Stream.Null);
        try
        {
            await next(context);
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            // The page itself may be what fails; then the least of answers.
            Log.RequestFailed(logger, failure, RequestTrace.Of(context));
            Reset(context);
            context.Response.StatusCode = status;
            await context.Response.WriteAsync($"{facts.Message} {RequestTrace.Of(context)}", context.RequestAborted);
        }
        finally
        {
            (context.Request.Path, context.Request.QueryString, context.Request.Method) = (path, query, method);
        }
    }

    private static FailureFacts Plain(int status) => status switch
    {
        404 => new(status, "not_found", "There is nothing at this address."),
        405 => new(status, "method_not_allowed", "This address does not answer to that method."),
        413 => new(status, "invalid_request", "The request is too large."),
        415 => new(status, "unsupported_media_type", "The request has a content type that is not understood here."),
        429 => new(status, "too_many_requests", "There are too many requests just now. Try again shortly.") { RetryAfterSeconds = 10 },
        >= 500 => new(status, "server_error", "Something went wrong on our side."),
        _ => new(status, "invalid_request", "The request could not be understood."),
    };

    private static Task WriteAsync(HttpContext context, string contentType, object body)
    {
        context.Response.ContentType = contentType;
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(JsonSerializer.Serialize(body), context.RequestAborted);
    }

    private static void Reset(HttpContext context)
    {
        var setCookies = context.Response.Headers.SetCookie;
        context.Response.Clear();
        context.Response.Headers.SetCookie = setCookies;
        if (context.Features.Get<IHttpResponseFeature>() is { HasStarted: false } response) response.ReasonPhrase = null;
    }
}
