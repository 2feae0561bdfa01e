using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;

namespace TenantIdP.Server.Http;

/// <summary>What went wrong with this request, for the page or problem that tells it. Set it, set the status, write nothing: the failure middleware answers.</summary>
/// <param name="Code">Stable, snake_case.</param>
/// <param name="Message">A sentence for the person who reads it.</param>
/// <param name="Return">The authorization request to go back to, already known to be ours.</param>
internal sealed record FailureFacts(int Status, string Code, string Message, string? Return = null)
{
    public int? RetryAfterSeconds { get; init; }

    /// <summary>For the makers of the application: what their request got wrong. Never text of the sender's.</summary>
    public string? Detail { get; init; }

    /// <summary>For the organization's administrator: what they would do about it. A fixed text of ours; the trace says the rest.</summary>
    public string? Advice { get; init; }

    /// <summary>The trace that a refused federated sign-in left.</summary>
    public Id<SignInTrace>? Trace { get; init; }

    public static FailureFacts InvalidRequest(string message, int status = StatusCodes.Status400BadRequest) => new(status, "invalid_request", message);

    public static FailureFacts From(EdgeProblem problem, int retryAfterSeconds) => new(problem.Status, problem.Code, problem.Message) { RetryAfterSeconds = retryAfterSeconds };

    public static FailureFacts From(Error error, string? back = null) => new(StatusOf(error.Kind), error.Code, error.Message, back)
    {
        RetryAfterSeconds = error.Kind is ErrorKind.Unavailable or ErrorKind.TooMany ? 10 : null,
    };

    private static int StatusOf(ErrorKind kind) => kind switch
    {
        ErrorKind.Invalid => StatusCodes.Status400BadRequest,
        ErrorKind.NotFound => StatusCodes.Status404NotFound,
        ErrorKind.Conflict => StatusCodes.Status409Conflict,
        ErrorKind.Forbidden => StatusCodes.Status403Forbidden,
        ErrorKind.PreconditionFailed => StatusCodes.Status412PreconditionFailed,
        ErrorKind.TooMany => StatusCodes.Status429TooManyRequests,
        ErrorKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
    };
}
