using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Http;
using TenantIdP.Server.Theming;

namespace TenantIdP.Server.Login;

/// <summary>A sign-in on its way: the app's request it belongs to, or none when somebody came by themselves.</summary>
/// <param name="Return">The URL of the request at our own authorization endpoint, or of our page that asks about an invitation; null without one.</param>
internal sealed record PendingSignIn(string? Return, AuthorizationRequest? Request)
{
    public static readonly PendingSignIn OfNobody = new(null, null);

    /// <summary>Of somebody who answers an invitation: which one stands in a cookie of their browser.</summary>
    public static readonly PendingSignIn OfInvited = new(InteractionPaths.Invitation, null);

    public string? AppName => Request?.App.DisplayName;
}

/// <summary>Where a sign-in came from and where it goes on. Nothing but our own authorization endpoint, and our own pages for devices and invitations, is ever a place to return to (SECURITY.md F1).</summary>
internal sealed class SignInFlow(IAuthorizationRequests requests, IHttpContextAccessor accessor, PageTexts texts)
{
    private const int MaxReturnLength = 12 * 1024;

    /// <summary>Null when <paramref name="back"/> is given and is not a pending request of ours.</summary>
    public async Task<PendingSignIn?> FindAsync(string? back, CancellationToken ct)
    {
        if (string.IsNullOrEmpty(back)) return PendingSignIn.OfNobody;
        if (back == InteractionPaths.Invitation) return PendingSignIn.OfInvited;
        if (!(IsOurs(back, InteractionPaths.Authorize) || IsOurs(back, InteractionPaths.ConfirmDevice)) || await requests.FindAsync(back, ct) is not { } request) return null;
        texts.Prefer(request.UiLocales);
        accessor.HttpContext?.Features.Get<FormTargets>()?.Allow(request.App.RedirectUris);
        return new PendingSignIn(back, request);
    }

    /// <summary>Where a finished sign-in goes: the app's request, in the organization of the connection unless the app named one.</summary>
    public string Next(PendingSignIn pending, SignedIn signedIn)
    {
        if (pending is not { Return: { } back, Request: { } request }) return pending.Return ?? "/";
        var interaction = request.Interaction;
        if (request.Organization is null && signedIn.Organization is { } entered) interaction = interaction with { Chosen = entered };
        return requests.With(back, interaction);
    }

    public string NextInChosen(PendingSignIn pending, Id<Organization> chosen) =>
        pending is { Return: { } back, Request: { } request } ? requests.With(back, request.Interaction with { Chosen = chosen, Selected = true }) : "/";

    /// <summary>The way out: our own endpoint tells the app that the person gave up.</summary>
    public string? CancelUrl(PendingSignIn pending) => pending is { Return: { } back, Request: { } request } ? requests.With(back, request.Interaction with { Cancelled = true }) : null;

    /// <summary>A path on this origin, compared as text: one slash, the endpoint, a query. Browsers read backslashes, tabs and line breaks in ways of their own.</summary>
    public static bool IsOurs(string back, string endpoint) =>
        back.Length <= MaxReturnLength && back.StartsWith(endpoint, StringComparison.Ordinal) && (back.Length == endpoint.Length || back[endpoint.Length] == '?')
        && !back.Any(c => char.IsControl(c) || c is '\\' or '#' or ' ' or '"' or '<' or '>' or > '~');
}
