using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.Idp;

/// <summary>Authorization with the login page. A page that posts back names only a handle; the request stays here.</summary>
internal sealed class AuthorizeEndpoint(IdpState state, IdpPages pages)
{
    private readonly SignInPage _signIn = new(state.Options.Name, state.Options.People);

    public void Map(WebApplication idp)
    {
        idp.MapGet("/authorize", (HttpContext context) => Authorize(context, context.Request.Query));
        // OpenID Connect Core 3.1.2.1: both methods.
        idp.MapPost("/authorize", async (HttpContext context, CancellationToken ct) =>
            await PostedForm.ReadAsync(context.Request, ct) is { } form ? Authorize(context, form) : Refuse(new("invalid_request", PostedForm.Expected)));
        idp.MapPost("/login", LoginAsync).AddEndpointFilter<SameOriginFilter>();
    }

    private IResult Authorize(HttpContext context, IEnumerable<KeyValuePair<string, StringValues>> parameters)
    {
        var (request, failure) = AuthorizationRequest.Read(parameters, state.Options);
        if (failure is not null)
            return Refuse(failure);

        // Read gives one or the other.
        return state.TryGetSession(context, out var session) && IsEnough(session, request!)
            ? Answer(request!, session)
            : request!.Prompt.Contains("none")
                ? Refuse(new("login_required", "Nobody is signed in here.", request.RedirectUri, request.State))
                : _signIn.Show(state.Pending.Put(request), request.LoginHint);
    }

    private async Task<IResult> LoginAsync(HttpContext context, CancellationToken ct)
    {
        if (await PostedForm.ReadAsync(context.Request, ct) is not { } form)
            return pages.Failure("That is not a sign-in", PostedForm.Expected, StatusCodes.Status400BadRequest);

        var handle = form["request"].ToString();
        if (!state.Pending.TryGet(handle, out var request))
            return pages.Failure("This sign-in has ended", "It was open for too long, or it was completed in another tab. Start again from the application.", StatusCodes.Status400BadRequest);

        var typed = form["email"].ToString();
        if (!_signIn.TryIdentify(typed, out var person))
            return _signIn.Mistyped(handle, typed);

        // The handle is spent by the sign-in, not by a mistyped address.
        if (!state.Pending.TryTake(handle, out _))
            return pages.Failure("This sign-in has ended", "It was completed in another tab. Start again from the application.", StatusCodes.Status400BadRequest);

        return Answer(request, state.SignIn(context, person));
    }

    private bool IsEnough(IdpSession session, AuthorizationRequest request)
    {
        var fresh = request.MaxAge is not { } maxAge || state.Clock.GetUtcNow() - session.SignedInAt < TimeSpan.FromSeconds(maxAge);
        var sameHuman = request.LoginHint is null || session.Person.Email.Equals(request.LoginHint, StringComparison.OrdinalIgnoreCase);
        return fresh && sameHuman && !request.Prompt.Contains("login") && !request.Prompt.Contains("select_account");
    }

    private RedirectResult Answer(AuthorizationRequest request, IdpSession session) =>
        new(request.RedirectUri, request.State, ("code", state.Codes.Put(new(request, session))), ("iss", state.Issuer));

    private IResult Refuse(AuthorizationFailure failure) => failure.RedirectUri is { } address
        ? new RedirectResult(address, failure.State, ("error", failure.Error), ("error_description", failure.Sentence), ("iss", state.Issuer))
        : pages.Failure("This sign-in cannot start", failure.Sentence, StatusCodes.Status400BadRequest);

    // 303, so that a posted login becomes a GET at the relying party.
    private sealed class RedirectResult(Uri address, string? state, params IEnumerable<(string Name, string Value)> answer) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            var parameters = answer.Append(("state", state!)).Where(p => p.Item2 is not null).Select(p => KeyValuePair.Create(p.Item1, (string?)p.Item2));
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = QueryHelpers.AddQueryString(address.AbsoluteUri, parameters);
            return Task.CompletedTask;
        }
    }
}
