using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Login;

/// <summary>Mails a code and goes on to the page that takes it. The answer is the same whether anybody has the address.</summary>
internal sealed class SendCodeModel(CodeWays ways, CodeCookie cookie, MailedCodes codes, NodeState state) : SignInPage
{
    [BindProperty(Name = "email")]
    public string? Email { get; set; }

    [BindProperty(Name = "purpose")]
    public string? Purpose { get; set; }

    public IActionResult OnGet() => SeeOther(SignInUrl(Return));

    public async Task<IActionResult> OnPostAsync(CancellationToken ct)
    {
        if (await ways.FindAsync(Return, ct) is not { } pending) return Fail(UnknownRequest);
        if (state.MailWaits || !EmailAddress.TryParse(Email, out var email) || !await ways.IsOpenAsync(pending, email, ct)) return SeeOther(SignInUrl(Return, another: true));

        var purpose = Purpose == "password" ? MailedCodePurpose.NewPassword : MailedCodePurpose.SignIn;
        var ticket = await codes.SendAsync(email, purpose, $"{InteractionPaths.Code}?{CodeModel.Parameter}=", HttpContext.Connection.RemoteIpAddress, ct);
        if (ticket is null) return Fail(TooMany);
        cookie.Keep(HttpContext, new CodeVisit(ticket.Id, ticket.Secret, purpose, email.Value, pending.Return));
        return SeeOther(InteractionPaths.Code);
    }

    private static readonly FailureFacts TooMany =
        new(StatusCodes.Status429TooManyRequests, "too_many_requests", "Too many codes were asked for, from here or for this address. Use the newest mail, or try again in an hour.") { RetryAfterSeconds = 3600 };
}

/// <summary>Where a mailed code leads, and whether it may.</summary>
internal sealed class CodeWays(SignInFlow flow, HomeRealm homeRealm)
{
    /// <inheritdoc cref="SignInFlow.FindAsync"/>
    public Task<PendingSignIn?> FindAsync(string? back, CancellationToken ct) => flow.FindAsync(back, ct);

    public string? CancelUrl(PendingSignIn pending) => flow.CancelUrl(pending);

    /// <summary>Not where the request leads to an identity provider, nor where the address does by itself.</summary>
    public async Task<bool> IsOpenAsync(PendingSignIn pending, EmailAddress email, CancellationToken ct) =>
        (await homeRealm.FindAsync(new RealmQuestion(pending.Request?.Organization, pending.Request?.Connection, pending.Request?.DomainHint, email), ct)).IsLocal
        && (await homeRealm.OfAddressAsync(email, ct)).IsLocal;
}
