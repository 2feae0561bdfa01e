using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Http;

/// <summary>What the edge of the API refuses by itself: its statuses say more than the kinds of a use case's <see cref="Error"/>.</summary>
/// <param name="Message">What to do next.</param>
internal sealed record EdgeProblem(int Status, string Code, string Message, string? Field = null);

/// <summary>Listed in docs/errors.md and in the OpenAPI document, with the errors of the use cases.</summary>
internal static class EdgeProblems
{
    public static readonly EdgeProblem InvalidRequest = new(400, "invalid_request", "The address or the query has characters that are not text.");
    public static readonly EdgeProblem MalformedRequest = new(400, "malformed_request", "The request can't be read: a body or a parameter is missing or malformed.");
    public static readonly EdgeProblem MalformedJson = new(400, "malformed_json", "The body is not the JSON object that is expected here.");
    public static readonly EdgeProblem UnknownField = new(400, "unknown_field", "The body has a field that is not known here; `field` names it.");
    public static readonly EdgeProblem ValidationFailed = new(400, "validation_failed", "Some fields are not as they must be.");
    public static readonly EdgeProblem ParameterInvalid = new(400, "parameter_invalid", "A parameter is not of the form it must have.");
    public static readonly EdgeProblem TextInvalid = new(400, "text_invalid", "A text in the body contains U+0000 or half of a surrogate pair.");
    public static readonly EdgeProblem KeyInvalid = new(400, "idempotency_key_invalid", "Send one Idempotency-Key of 1 to 255 visible ASCII characters.");

    public static readonly EdgeProblem Unauthenticated = new(401, "unauthenticated", "Send an access token: Authorization: Bearer <token>.");
    public static readonly EdgeProblem InvalidToken = new(401, "invalid_token", "The access token is malformed, expired, ended or meant for another API.");

    public static readonly EdgeProblem NotFound = new(404, "not_found", "There is nothing at this address.");
    public static readonly EdgeProblem MethodNotAllowed = new(405, "method_not_allowed", "This address does not know the method.");
    public static readonly EdgeProblem RequestTimeout = new(408, "request_timeout", "The request did not arrive in time.");
    public static readonly EdgeProblem KeyInUse = new(409, "idempotency_key_in_use", "The first request with this Idempotency-Key is under way: repeat it after the seconds of Retry-After.");
    public static readonly EdgeProblem RequestTooLarge = new(413, "request_too_large", $"A request body has at most {RequestLimits.MaxBody} bytes.");
    public static readonly EdgeProblem UnsupportedMediaType = new(415, "unsupported_media_type", "Send application/json; for PATCH application/merge-patch+json is accepted too.");
    public static readonly EdgeProblem UnsupportedCharset = new(415, "unsupported_charset", "Send JSON as UTF-8.");
    public static readonly EdgeProblem KeyReused = new(422, "idempotency_key_reused", "This Idempotency-Key was used for another request within 24 hours: take a new one.");
    public static readonly EdgeProblem RateLimited = new(429, "rate_limited", "You have sent too many requests: go on after the seconds of Retry-After.");
    public static readonly EdgeProblem ServerError = new(500, "server_error", "Something broke here. Quote `traceId` when you ask for help.");
    public static readonly EdgeProblem Unavailable = new(503, "temporarily_unavailable", "Try again a little later.");
}
