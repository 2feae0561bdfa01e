using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Server.Federation;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Login;

/// <summary>
/// Asks once for the old password of an account before a connection may speak for it. Who is linked stands in the sealed cookie; nothing of it can be typed. The password counts for
/// the link and for nothing else: when that fails nobody is signed in, and where another organization's identity provider is responsible for the account it is as wrong as any, but for
/// whoever is signed in to the account already.
/// </summary>
internal sealed class LinkModel(PendingLinkCookie cookie, SignInFlow flow, PasswordSignIn passwords, AccountHomes homes, SignInService signIn, LinkTools tools, AfterSignIn after) : SignInPage
{
    private string method = "";

    [BindProperty(Name = "password")]
    public string? Password { get; set; }

    public string? Email { get; private set; }
    public string? OrganizationName { get; private set; }
    public string? CancelUrl { get; private set; }
    public string? Error { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken ct) => await FindAsync(ct) is null ? Fail(FailureFacts.From(SignInErrors.StateMismatch)) : Page();

    public async Task<IActionResult> OnPostAsync(CancellationToken ct)
    {
        if (await FindAsync(ct) is not var (waiting, pending)) return Fail(FailureFacts.From(SignInErrors.StateMismatch));
        var link = waiting.Link;

        using var turn = await tools.Hashing.TakeTurnAsync(ct);
        if (turn is null) return Fail(PasswordModel.Busy);
        var browser = await tools.Browser.ContextAsync(ct);
        // Who is signed in to the account here has come by what is responsible for it.
        var past = browser.Current?.UserId == link.User ? null : await homes.ElsewhereAsync(link.User, link.OrganizationId, ct);
        var proven = await passwords.TryOfAsync(link.User, past, Password ?? "", browser, ct);
        if (!proven.IsOk)
        {
            tools.Telemetry.SignIn("password", SignInOutcome.Refused, proven.Error.Code);
            Error = proven.Error.Message;
            return Again(Error);
        }

        var finished = await signIn.FinishLinkAsync(link, proven.Value.Session, await tools.Browser.ContextAsync(ct), ct);
        tools.Telemetry.SignIn(method, finished.IsOk ? SignInOutcome.Succeeded : SignInOutcome.Refused, finished.Error?.Code, link.ConnectionId.ToString());
        cookie.Drop(HttpContext);
        if (!finished.IsOk)
        {
            await tools.Sessions.EndAsync(proven.Value.Session, ct);
            return Fail(FailureFacts.From(finished.Error, waiting.Return) with { Advice = SignInAdvice.For(finished.Error) });
        }

        tools.Browser.Keep(finished.Value);
        return SeeOther(await after.NextAsync(HttpContext, pending, finished.Value, ct));
    }

    private async Task<(WaitingLink Waiting, PendingSignIn Pending)?> FindAsync(CancellationToken ct)
    {
        if (cookie.Find(HttpContext) is not { } waiting || await flow.FindAsync(waiting.Return, ct) is not { } pending) return null;
        if (await tools.Connections.FindAsync(waiting.Link.ConnectionId, ct) is not { } connection) return null;
        method = FederationFinish.MethodOf(connection.Kind);
        (Email, OrganizationName, CancelUrl) = (waiting.Link.External.Email?.Value, connection.OrganizationName, flow.CancelUrl(pending));
        return (waiting, pending);
    }
}

/// <summary>What the link page needs besides the use cases.</summary>
internal sealed record LinkTools(PasswordHashing Hashing, BrowserSession Browser, SessionService Sessions, ConnectionDirectory Connections, Telemetry Telemetry);
