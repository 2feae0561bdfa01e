using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Http;

/// <summary>The one mapper from an expected failure to an RFC 9457 problem.</summary>
internal static class Problems
{
    public const string CodeMember = "code";
    public const string FieldMember = "field";
    public const string ExistingMember = "existingId";
    public const string TraceMember = "traceId";

    public static ProblemHttpResult From(Error error) => TypedResults.Problem(Details(error));

    public static ProblemDetails Details(Error error)
    {
        var details = new ProblemDetails { Status = Status(error.Kind), Detail = error.Message, Extensions = { [CodeMember] = error.Code } };
        if (error.Field is { } field) details.Extensions[FieldMember] = field;
        if (error.ExistingId is { } existing) details.Extensions[ExistingMember] = existing;
        return details;
    }

    /// <summary>Writes a problem where no result can be returned: before binding, after a refused body.</summary>
    public static Task WriteAsync(HttpContext context, int status, string code, string detail, string? field = null)
    {
        var details = new ProblemDetails { Status = status, Detail = detail, Extensions = { [CodeMember] = code } };
        if (field is not null) details.Extensions[FieldMember] = field;
        return WriteAsync(context, details);
    }

    public static Task WriteAsync(HttpContext context, EdgeProblem problem) => WriteAsync(context, problem.Status, problem.Code, problem.Message, problem.Field);

    public static Task WriteAsync(HttpContext context, Error error) => WriteAsync(context, Details(error));

    /// <summary>Every problem leaves through here, whatever the caller's Accept says: an error nobody can read helps nobody.</summary>
    public static Task WriteAsync(HttpContext context, ProblemDetails details)
    {
        var status = details.Status ?? context.Response.StatusCode;
        var (code, title) = Known(status);
        details.Status = status;
        details.Title = title;
        details.Type = "about:blank";
        details.Extensions.TryAdd(CodeMember, code);
        details.Extensions[TraceMember] = RequestTrace.Of(context);
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(details, details.GetType(), JsonSerializerOptions.Web, "application/problem+json", context.RequestAborted);
    }

    internal static int Status(ErrorKind kind) => kind switch
    {
        ErrorKind.Invalid => StatusCodes.Status400BadRequest,
        ErrorKind.NotFound => StatusCodes.Status404NotFound,
        ErrorKind.Conflict => StatusCodes.Status409Conflict,
        ErrorKind.Forbidden => StatusCodes.Status403Forbidden,
        ErrorKind.PreconditionFailed => StatusCodes.Status412PreconditionFailed,
        ErrorKind.TooMany => StatusCodes.Status429TooManyRequests,
        ErrorKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
    };

    internal static (string Code, string Title) Known(int status) => status switch
    {
        400 => ("malformed_request", "Bad request"),
        401 => ("unauthenticated", "Unauthorized"),
        403 => ("forbidden", "Forbidden"),
        404 => ("not_found", "Not found"),
        405 => ("method_not_allowed", "Method not allowed"),
        408 => ("request_timeout", "Request timeout"),
        409 => ("conflict", "Conflict"),
        412 => ("version_mismatch", "Precondition failed"),
        413 => ("request_too_large", "Content too large"),
        415 => ("unsupported_media_type", "Unsupported media type"),
        422 => ("unprocessable", "Unprocessable content"),
        429 => ("rate_limited", "Too many requests"),
        503 => ("temporarily_unavailable", "Service unavailable"),
        >= 500 => ("server_error", "Internal server error"),
        _ => ("refused", "Refused"),
    };
}
