using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Login;

/// <summary>
/// Takes the code that was mailed. The link of the mail fills it in and does no more: what follows links in mails can't use one up, and in a browser that did not ask for it the page only
/// shows the code.
/// </summary>
internal sealed class CodeModel(CodeWays ways, CodeCookie cookie, CodeSignIn signIn, CredentialTools tools, AfterSignIn after) : SignInPage
{
    internal const string Parameter = "code";

    [BindProperty(Name = Parameter, SupportsGet = true)]
    public string? Code { get; set; }

    public string Address { get; private set; } = "";
    public bool IsForPassword { get; private set; }
    public string? AppName { get; private set; }
    public string? CancelUrl { get; private set; }
    public string? Error { get; private set; }

    /// <summary>The code, as it is read aloud, in a browser that did not ask for it.</summary>
    public string? Elsewhere { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken ct)
    {
        if (cookie.Find(HttpContext) is not { } visit)
        {
            if (!OneTimeCode.TryParse(Code, out var code)) return SeeOther(InteractionPaths.SignIn);
            Elsewhere = code.Shown;
            return Page();
        }

        return await ShowAsync(visit, ct) is null ? Fail(UnknownRequest) : Page();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken ct)
    {
        if (cookie.Find(HttpContext) is not { } visit) return SeeOther(InteractionPaths.SignIn);
        if (await ShowAsync(visit, ct) is not { } pending) return Fail(UnknownRequest);
        var ticket = visit.Ticket();
        if (!await ways.IsOpenAsync(pending, ticket.Address, ct)) return SeeOther(SignInUrl(visit.Return, another: true)); // its domain belongs to somebody by now
        if (IsForPassword)
        {
            var proven = await signIn.ProveForPasswordAsync(ticket, Code, await tools.Browser.ContextAsync(ct), ct);
            return proven.IsOk ? SeeOther(InteractionPaths.NewPassword) : Again(Error = proven.Error.Message);
        }

        var signedIn = await signIn.SignInAsync(ticket, Code, await tools.Browser.ContextAsync(ct), ct);
        tools.Telemetry.SignIn(CodeSignIn.Method, signedIn.IsOk ? SignInOutcome.Succeeded : SignInOutcome.Refused, signedIn.Error?.Code);
        if (!signedIn.IsOk) return Again(Error = signedIn.Error.Message);
        tools.Browser.Keep(signedIn.Value);
        cookie.Drop(HttpContext);
        return SeeOther(await after.NextAsync(HttpContext, pending, signedIn.Value, ct));
    }

    private async Task<PendingSignIn?> ShowAsync(CodeVisit visit, CancellationToken ct)
    {
        if (await ways.FindAsync(visit.Return, ct) is not { } pending) return null;
        (Address, IsForPassword, Return, AppName, CancelUrl) = (visit.Address, visit.Purpose == MailedCodePurpose.NewPassword, visit.Return, pending.AppName, ways.CancelUrl(pending));
        return pending;
    }
}
