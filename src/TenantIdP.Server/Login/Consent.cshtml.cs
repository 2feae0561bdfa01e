using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Login;

/// <summary>
/// Asks a person what an app may have that must ask them. The same policy as at the authorization endpoint says whom and whether; the answer is a row of ours, so that no
/// address can say in its place that somebody agreed.
/// </summary>
internal sealed class ConsentModel(SignInFlow flow, AuthorizeService policy, BrowserSession browser, AppConsentService consents) : SignInPage
{
    [BindProperty(Name = "answer")]
    public string? Answer { get; set; }

    /// <summary>Whom the page was shown to: who has signed in since is asked anew.</summary>
    [BindProperty(Name = "person")]
    public string? Person { get; set; }

    public string? AppName { get; private set; }

    /// <summary>Where the answer goes.</summary>
    public string? AppHost { get; private set; }

    public string? UserId { get; private set; }
    public string? PersonName { get; private set; }
    public string? OrganizationName { get; private set; }
    public string? Api { get; private set; }
    public IReadOnlyList<string> Gets { get; private set; } = [];
    public string AnotherUrl => SignInUrl(Return, another: true);

    public Task<IActionResult> OnGetAsync(CancellationToken ct) => AskAsync((_, _) => Task.FromResult<IActionResult>(Page()), ct);

    public Task<IActionResult> OnPostAsync(CancellationToken ct) => AskAsync(
        async (pending, user) =>
        {
            if (Person != user.ToString() || Answer is not ("yes" or "no")) return Page();
            if (Answer == "no") return SeeOther(flow.CancelUrl(pending) ?? "/");
            var given = await consents.GiveAsync(user, pending.Request!, ct); // asked about, so there is one
            return given.IsOk ? SeeOther(Return!) : Fail(FailureFacts.From(given.Error, Return));
        }, ct);

    private async Task<IActionResult> AskAsync(Func<PendingSignIn, Id<User>, Task<IActionResult>> ask, CancellationToken ct)
    {
        if (await flow.FindAsync(Return, ct) is not { Request: { } request, Return: { } back } pending) return Fail(UnknownRequest);
        var session = await browser.FindAsync(ct);

        // Everything but the question itself is decided where the request is answered.
        if (session is null || await policy.DecideAsync(request, session, ct) is not AuthorizeDecision.AskConsent(var facts)) return SeeOther(back);
        (AppName, OrganizationName, Api, Gets) = (request.App.DisplayName, facts.OrganizationName, request.Api, ScopeTexts.Of(request.Scopes ?? []));
        (UserId, PersonName, AppHost) = (session.UserId.ToString(), facts.ShownAs, HostOf(request.App));
        return await ask(pending, session.UserId);
    }

    private static string? HostOf(App app)
    {
        var hosts = app.RedirectUris.Select(u => Uri.TryCreate(u, UriKind.Absolute, out var uri) ? uri.IdnHost : null).OfType<string>().Where(h => h.Length > 0).Distinct(StringComparer.Ordinal).Take(2).ToList();
        return hosts is [var only] ? only : null;
    }
}
