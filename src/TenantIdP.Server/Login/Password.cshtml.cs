using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Login;

/// <summary>Takes the password. The address comes back from the form and is judged anew: where it belongs to a connection, no password is taken but by who may use one all the same.</summary>
internal sealed class PasswordModel(SignInFlow flow, HomeRealm homeRealm, PasswordTools tools, AfterSignIn after) : SignInPage
{
    [BindProperty(Name = "email")]
    public string? Email { get; set; }

    [BindProperty(Name = "password")]
    public string? Password { get; set; }

    [BindProperty(Name = "local")]
    public bool Local { get; set; }

    /// <summary>Set by every handler that shows the page.</summary>
    public PasswordForm Form { get; private set; } = new("", null, null, null);

    public IActionResult OnGet() => SeeOther(SignInUrl(Return));

    public async Task<IActionResult> OnPostAsync(CancellationToken ct)
    {
        if (await flow.FindAsync(Return, ct) is not { } pending) return Fail(UnknownRequest);
        if (!EmailAddress.TryParse(Email, out var email)) return SeeOther(SignInUrl(Return, another: true));

        var realm = await homeRealm.FindAsync(new RealmQuestion(pending.Request?.Organization, pending.Request?.Connection, pending.Request?.DomainHint, email), ct);
        if (!realm.IsLocal && !Local) return SeeOther(SignInUrl(Return, another: true));

        var past = (await homeRealm.OfAddressAsync(email, ct)).Leads;
        using var turn = await tools.Hashing.TakeTurnAsync(ct);
        if (turn is null) return Fail(Busy);
        var context = await tools.Browser.ContextAsync(ct);
        var signedIn = past is { } connection ? await tools.SignIn.TryPastAsync(connection, email, Password ?? "", context, ct) : await tools.SignIn.TryAsync(email, Password ?? "", context, ct);
        tools.Telemetry.SignIn("password", signedIn.IsOk ? SignInOutcome.Succeeded : SignInOutcome.Refused, signedIn.Error?.Code);
        if (signedIn.IsOk)
        {
            tools.Browser.Keep(signedIn.Value);
            return SeeOther(await after.NextAsync(HttpContext, pending, signedIn.Value, ct));
        }

        Form = new PasswordForm(email.Value, Return, pending.AppName, flow.CancelUrl(pending), signedIn.Error.Message) { IsLocal = Local };
        return Again(Form.Error);
    }

    internal static readonly FailureFacts Busy =
        new(StatusCodes.Status429TooManyRequests, "too_many_requests", "Many people are signing in just now. Try again in a moment.") { RetryAfterSeconds = 2 };
}

/// <summary>What the password page needs besides the way there and back.</summary>
internal sealed record PasswordTools(PasswordSignIn SignIn, PasswordHashing Hashing, BrowserSession Browser, Telemetry Telemetry);
