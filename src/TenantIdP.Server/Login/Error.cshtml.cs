using Microsoft.AspNetCore.Mvc;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Login;

/// <summary>
/// Tells a failure: one sentence, one way on, and the trace id to give to an administrator. Shown in place of a failed answer; as an address of its own it shows only what
/// a code says, because anybody can write a description into a link.
/// </summary>
[IgnoreAntiforgeryToken]
internal sealed class ErrorModel(SignInFlow flow) : SignInPage
{
    [BindProperty(Name = "error", SupportsGet = true)]
    public string? Error { get; set; }

    public string Heading { get; private set; } = "";
    public string Message { get; private set; } = "";
    public string? Detail { get; private set; }
    public string Code { get; private set; } = "";
    public string TraceId { get; private set; } = "";

    /// <summary>Set when a federated sign-in was refused: it has left a trace.</summary>
    public string? Advice { get; private set; }

    /// <summary>Where a password is taken past the connection that did not work; the page is the same for everybody.</summary>
    public string? PasswordUrl { get; private set; }

    public string? RetryUrl { get; private set; }
    public string? BackUrl { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken ct)
    {
        var facts = HttpContext.Features.Get<FailureFacts>() ?? ByCode();
        Heading = facts.Status switch
        {
            404 => "Nothing here",
            429 or 503 => "Not available right now",
            >= 500 => "Something went wrong",
            _ when facts.Return is not null => "You could not be signed in",
            _ => "This did not work",
        };
        (Message, Code, Detail, Advice, TraceId) = (facts.Message, facts.Code, facts.Detail, facts.Advice, RequestTrace.Of(HttpContext));
        if (facts.Return is { } back && await flow.FindAsync(back, ct) is { } pending) (RetryUrl, BackUrl) = (SignInUrl(back, another: true), flow.CancelUrl(pending));
        if (Advice is not null) PasswordUrl = LocalUrl(RetryUrl is null ? null : facts.Return);
        if (Response.StatusCode < 400) Response.StatusCode = facts.Status;
        return Page();
    }

    private FailureFacts ByCode() => Error switch
    {
        "server_error" or "temporarily_unavailable" => new(StatusCodes.Status503ServiceUnavailable, Error, "The service is not available for the moment. Try again shortly."),
        "access_denied" => new(StatusCodes.Status403Forbidden, Error, "Access was refused."),
        _ => new(StatusCodes.Status400BadRequest, "invalid_request", "The application sent a request that can't be answered. Go back to it and start again; if this happens again, tell its makers."),
    };
}
