using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Login;

/// <summary>Asks, then ends the session with its grants. The way back to the app is the end-session request, which the engine judges.</summary>
internal sealed class SignOutModel(BrowserSession browser) : SignInPage
{
    public bool SignedIn { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken ct)
    {
        SignedIn = await browser.FindAsync(ct) is not null;
        return !SignedIn && Back is { } back ? SeeOther(back) : Page();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken ct)
    {
        var next = await browser.EndAsync(Back, ct);
        return SeeOther(next ?? Back ?? InteractionPaths.SignOut);
    }

    private string? Back => Return is { } back && SignInFlow.IsOurs(back, InteractionPaths.EndSession) ? back : null;
}
