using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Instance;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Login;

/// <summary>Where a new password is chosen, after the code: whether it was right is asked of the server, whatever this browser says (SECURITY.md B3).</summary>
internal sealed class NewPasswordModel(CodeWays ways, CodeCookie cookie, CodeSignIn signIn, CredentialTools tools, AfterSignIn after) : SignInPage
{
    [BindProperty(Name = "password")]
    public string? Password { get; set; }

    public string Address { get; private set; } = "";
    public string? Error { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken ct) => await FindAsync(ct) is null ? SeeOther(InteractionPaths.Code) : Page();

    public async Task<IActionResult> OnPostAsync(CancellationToken ct)
    {
        if (await FindAsync(ct) is not var (pending, ticket)) return SeeOther(InteractionPaths.Code);
        using var turn = await tools.Hashing.TakeTurnAsync(ct);
        if (turn is null) return Fail(PasswordModel.Busy);
        var signedIn = await signIn.ChoosePasswordAsync(ticket, Password ?? "", await tools.Browser.ContextAsync(ct), ct);
        if (signedIn.Error == UserErrors.PasswordTooShort) return Again(Error = signedIn.Error.Message);
        tools.Telemetry.SignIn(CodeSignIn.Method, signedIn.IsOk ? SignInOutcome.Succeeded : SignInOutcome.Refused, signedIn.Error?.Code);
        if (!signedIn.IsOk) return Fail(FailureFacts.From(signedIn.Error, pending.Return));
        tools.Browser.Keep(signedIn.Value);
        cookie.Drop(HttpContext);
        return SeeOther(await after.NextAsync(HttpContext, pending, signedIn.Value, ct));
    }

    /// <summary>Null when the step before was not taken.</summary>
    private async Task<(PendingSignIn Pending, MailedCodeTicket Ticket)?> FindAsync(CancellationToken ct)
    {
        if (cookie.Find(HttpContext) is not { } visit || await ways.FindAsync(visit.Return, ct) is not { } pending) return null;
        var ticket = visit.Ticket();
        if (!await signIn.MayChooseAsync(ticket, ct) || !await ways.IsOpenAsync(pending, ticket.Address, ct)) return null;
        Address = visit.Address;
        return (pending, ticket);
    }
}
