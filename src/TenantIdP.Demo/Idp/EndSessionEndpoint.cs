using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.Idp;

/// <summary>RP-initiated logout: at once for a client that shows an id token of ours, else after a question.</summary>
internal sealed class EndSessionEndpoint(IdpState state, IdpPages pages)
{
    private static readonly JsonWebTokenHandler Tokens = new();

    public void Map(WebApplication idp)
    {
        idp.MapMethods("/end_session", [HttpMethods.Get, HttpMethods.Post], EndAsync);
        idp.MapPost("/sign-out", (HttpContext context) =>
        {
            state.EndSession(context);
            return pages.SignedOut();
        }).AddEndpointFilter<SameOriginFilter>();
    }

    private async Task<IResult> EndAsync(HttpContext context, CancellationToken ct)
    {
        var posted = HttpMethods.IsPost(context.Request.Method);
        var form = posted ? await PostedForm.ReadAsync(context.Request, ct) : null;
        if (posted && form is null)
            return pages.Failure("This sign-out cannot start", PostedForm.Expected, StatusCodes.Status400BadRequest);

        string? Parameter(string name) => (form is null ? context.Request.Query[name] : form[name]) is [{ Length: > 0 } value] ? value : null;

        var signedIn = state.TryGetSession(context, out var session);
        var hinted = await SubjectOfAsync(Parameter("id_token_hint"));
        if (signedIn && hinted != session!.Person.Subject) // true when signedIn
            return pages.ConfirmSignOut();

        state.EndSession(context);
        if (hinted is null || !Uri.TryCreate(Parameter("post_logout_redirect_uri"), UriKind.Absolute, out var address) || !RedirectPattern.SharesOrigin(state.Options.RedirectUris, address))
            return pages.SignedOut();

        return TypedResults.Redirect(Parameter("state") is { } sent ? QueryHelpers.AddQueryString(address.AbsoluteUri, "state", sent) : address.AbsoluteUri);
    }

    private async Task<string?> SubjectOfAsync(string? idToken)
    {
        if (idToken is null)
            return null;

        var result = await Tokens.ValidateTokenAsync(idToken, new TokenValidationParameters
        {
            ValidIssuer = state.Issuer,
            ValidAudience = state.Options.ClientId,
            IssuerSigningKeys = [state.Keys.Published, state.Keys.Foreign],
            ValidAlgorithms = [SecurityAlgorithms.RsaSha256],
            ValidateLifetime = false, // RP-Initiated Logout 1.0 section 2: a hint may have expired
        });
        return result.IsValid ? result.ClaimsIdentity.FindFirst("sub")?.Value : null;
    }
}
