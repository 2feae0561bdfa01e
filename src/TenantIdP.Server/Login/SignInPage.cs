using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Login;

/// <summary>What the sign-in pages share: the request they return to, answers by 303, and failures told by the error page.</summary>
internal abstract class SignInPage : PageModel
{
    [BindProperty(Name = InteractionPaths.ReturnParameter, SupportsGet = true)]
    public string? Return { get; set; }

    internal static readonly FailureFacts UnknownRequest =
        new(StatusCodes.Status400BadRequest, "unknown_request", "This sign-in is not known here, or it is too old. Go back to the application and start again.");

    protected IActionResult Fail(FailureFacts facts)
    {
        HttpContext.Features.Set(facts);
        return StatusCode(facts.Status);
    }

    /// <summary>303: the next request is a GET, whatever this one was.</summary>
    protected IActionResult SeeOther(string url)
    {
        Response.Headers.Location = url;
        return StatusCode(StatusCodes.Status303SeeOther);
    }

    protected PageResult Again(string? error)
    {
        if (error is not null) Response.StatusCode = StatusCodes.Status400BadRequest;
        return Page();
    }

    /// <summary>Where an owner who is named for it signs in past a connection that is broken.</summary>
    internal static string LocalUrl(string? back) =>
        InteractionPaths.SignIn + (back is null ? "?local=true" : $"?{InteractionPaths.ReturnParameter}={Uri.EscapeDataString(back)}&local=true");

    internal static string SignInUrl(string? back, bool another = false) => back is null
        ? InteractionPaths.SignIn
        : $"{InteractionPaths.SignIn}?{InteractionPaths.ReturnParameter}={Uri.EscapeDataString(back)}{(another ? "&another=true" : "")}";
}

/// <summary>The password step, the same for everybody.</summary>
internal sealed record PasswordForm(string Email, string? Return, string? AppName, string? CancelUrl, string? Error = null)
{
    /// <summary>The person asked for a password although their domain belongs to a connection.</summary>
    public bool IsLocal { get; init; }

    public string ChangeUrl => IsLocal ? SignInPage.LocalUrl(Return) : SignInPage.SignInUrl(Return, another: true);
}
