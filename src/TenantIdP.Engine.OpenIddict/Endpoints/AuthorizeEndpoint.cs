using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using OpenIddict.Server.AspNetCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Engine.OpenIddict.Stores;
using TenantIdP.Engine.OpenIddict.Tokens;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace TenantIdP.Engine.OpenIddict.Endpoints;

/// <summary>The authorization and end-session endpoints: the engine has validated the request, Core decides, this translates.</summary>
internal static class AuthorizeEndpoint
{
    public static async Task<IResult> AuthorizeAsync(
        HttpContext http, IBrowserSession browser, AuthorizationRequests requests, AuthorizeService policy, Audiences audiences, TokenEvents events, OidcSession oidc, TimeProvider clock, CancellationToken ct)
    {
        var request = http.GetOpenIddictServerRequest() ?? throw new InvalidOperationException("The engine did not read the authorization request.");
        if (string.IsNullOrEmpty(request.CodeChallenge) && (string.IsNullOrEmpty(request.Nonce) || !request.HasScope(Scopes.OpenId)))
            return Refuse(Errors.InvalidRequest, "Without PKCE the request must have the openid scope and a nonce.");
        if (request[Parameters.MaxAge] is not null && request.MaxAge is null or < 0) return Refuse(Errors.InvalidRequest, "max_age is a number of seconds.");
        if (await requests.FromAsync(http, request, PushedAt(http), ct) is not { } pending) return Refuse(Errors.InvalidRequest, "The request is too old or too long. Start again.");
        if (await audiences.FindAsync(request, pending.Request.App, null, ct) is not { } audience) return Refuse(Errors.InvalidTarget, "The app may not ask for tokens of that API.");

        var session = await browser.FindAsync(ct);
        // Somebody else than the app speaks of is as good as nobody (OpenID Connect Core section 3.1.2.1).
        var meant = request.IdTokenHint is null ? null : (await http.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme)).Principal?.GetClaim(Claims.Subject);
        switch (await policy.DecideAsync(pending.Request, meant is null || meant == session?.UserId.ToString() ? session : null, ct))
        {
            case AuthorizeDecision.SignIn:
                return GoTo(InteractionPaths.SignIn, pending.ReturnUrl);
            case AuthorizeDecision.AskAboutInvitation:
                return GoTo(InteractionPaths.OpenInvitation, pending.ReturnUrl);
            case AuthorizeDecision.ChooseOrganization:
                return GoTo(InteractionPaths.ChooseOrganization, pending.ReturnUrl);
            case AuthorizeDecision.AskConsent:
                return GoTo(InteractionPaths.Consent, pending.ReturnUrl);
            case AuthorizeDecision.StepUp(var organization, var connection):
                // The organization decided so far is kept, so that the step-up leads back to it and not to the chooser.
                var back = requests.With(pending.ReturnUrl, pending.Request.Interaction with { Chosen = organization });
                return GoTo(InteractionPaths.SignIn, back, connection?.ToString());
            case AuthorizeDecision.Refuse(var error, var description):
                // Only of people we know: strangers could fill the log.
                if (session is not null && error == Errors.AccessDenied && !pending.Request.Interaction.Cancelled) await events.RecordAsync(session.UserId, pending.Request, description, ct);
                return Refuse(error, description);
            case AuthorizeDecision.Issue issue:
                return Issue(request, pending.Request, issue, audience.Audience, oidc, clock);
            default:
                throw new InvalidOperationException("An unknown authorize decision.");
        }
    }

    public static async Task<IResult> EndSessionAsync(HttpContext http, IBrowserSession browser, CancellationToken ct)
    {
        var session = await browser.FindAsync(ct);
        if (session is not null)
        {
            var raw = http.Request.HasFormContentType ? (IEnumerable<KeyValuePair<string, Microsoft.Extensions.Primitives.StringValues>>)await http.Request.ReadFormAsync(ct) : http.Request.Query;
            var asked = QueryHelpers.AddQueryString(InteractionPaths.EndSession, raw);
            // Only a hint that names this very session signs out without asking (OpenID Connect RP-Initiated Logout 1.0 section 2).
            var hint = await http.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
            if (hint.Principal?.GetClaim("sid") != session.Id.ToString()) return GoTo(InteractionPaths.SignOut, asked);
            if (await browser.EndAsync(asked, ct) is { } next) return Results.Redirect(next);
        }

        return Results.SignOut(new AuthenticationProperties { RedirectUri = InteractionPaths.SignOut + "?done=1" }, [OpenIddictServerAspNetCoreDefaults.AuthenticationScheme]);
    }

    private static IResult Issue(OpenIddictRequest request, AuthorizationRequest pending, AuthorizeDecision.Issue issue, string audience, OidcSession oidc, TimeProvider clock)
    {
        var scopes = request.GetScopes();
        var grant = new OidcAuthorization
        {
            Id = Guid.CreateVersion7(clock.GetUtcNow()),
            Subject = issue.Facts.UserId.ToString(),
            Type = AuthorizationTypes.AdHoc,
            Status = Statuses.Valid,
            CreationDate = clock.GetUtcNow().UtcDateTime,
            Scopes = JsonSerializer.Serialize(scopes),
            UserId = issue.Facts.UserId.Value,
            SessionId = issue.Session.Id.Value,
            OrganizationId = issue.Facts.OrganizationId?.Value,
            WorkspaceId = issue.Facts.Workspace?.Id.Value,
            Proofs = Grants.Write(issue.Session.Proofs),
        };

        // Saved together with the code, which refers to it.
        oidc.Db.Add(grant);
        oidc.Db.Entry(grant).Property("ApplicationId").CurrentValue = pending.App.Id.Value;

        var identity = new ClaimsIdentity("TenantIdP");
        identity.AddClaim(new Claim(Claims.Subject, issue.Facts.UserId.ToString()));
        var principal = new ClaimsPrincipal(identity);
        principal.SetScopes(scopes);
        principal.SetResources(audience);
        principal.SetAuthorizationId(grant.Id.ToString());
        return Results.SignIn(principal, authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    private static DateTimeOffset? PushedAt(HttpContext http) =>
        http.Features.Get<OpenIddictServerAspNetCoreFeature>()?.Transaction?.GetProperty<ProcessAuthenticationContext>(typeof(ProcessAuthenticationContext).FullName!)?.RequestTokenPrincipal?.GetCreationDate(); // a type of a namespace has a full name

    private static IResult GoTo(string path, string returnUrl, string? connection = null)
    {
        var query = new Dictionary<string, string?> { [InteractionPaths.ReturnParameter] = returnUrl };
        if (connection is not null) query[InteractionPaths.ConnectionParameter] = connection;
        return Results.Redirect(QueryHelpers.AddQueryString(path, query));
    }

    private static IResult Refuse(string error, string description) => Results.Forbid(
        new AuthenticationProperties(new Dictionary<string, string?>
        {
            [OpenIddictServerAspNetCoreConstants.Properties.Error] = error,
            [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = description,
        }),
        [OpenIddictServerAspNetCoreDefaults.AuthenticationScheme]);
}
