using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.SignIn;

namespace TenantIdP.Server.Login;

/// <summary>Why a sign-in went as it did, by the id that its page showed. Nobody learns whether a trace is there that they may not see.</summary>
internal sealed class TraceModel(BrowserSession browser, TraceViewing viewing) : SignInPage
{
    [BindProperty(Name = "traceId", SupportsGet = true)]
    public string? TraceId { get; set; }

    public SignInTrace Trace { get; private set; } = null!; // set before the page is shown

    public async Task<IActionResult> OnGetAsync(CancellationToken ct)
    {
        if (TraceId is not { Length: <= 64 } || await browser.FindAsync(ct) is not { } session || await viewing.FindAsync(TraceId, session, ct) is not { } trace) return NotFound();
        Trace = trace;
        return Page();
    }
}
