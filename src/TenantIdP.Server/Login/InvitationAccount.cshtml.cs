using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Login;

/// <summary>
/// Where the invited person makes an account, or gives one that has no credential its first password: the link was mailed to the address, and works once (SECURITY.md B4). Only where no
/// single sign-on is responsible for the address, and only after a yes.
/// </summary>
internal sealed class InvitationAccountModel(InvitationCookie cookie, InvitationAcceptance invitations, InvitationAccounts accounts, InvitationWays ways, CredentialTools tools) : SignInPage
{
    [BindProperty(Name = "name")]
    public string? Name { get; set; }

    [BindProperty(Name = "password")]
    public string? Password { get; set; }

    public string Address { get; private set; } = "";
    public string OrganizationName { get; private set; } = "";

    /// <summary>An account that there is keeps its name.</summary>
    public bool AsksName { get; private set; }

    public string? JoinedName { get; private set; }
    public string? Error { get; private set; }
    public string? NameError { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken ct) => await FindAsync(ct) is null ? SeeOther(InteractionPaths.Invitation) : Page();

    public async Task<IActionResult> OnPostAsync(CancellationToken ct)
    {
        if (await FindAsync(ct) is not { } visit) return SeeOther(InteractionPaths.Invitation);
        var name = AsksName ? Name : null;
        if (AsksName && DisplayName.Clean(Name) is null) return Again(NameError = "Enter your name, up to 200 characters.");
        using var turn = await tools.Hashing.TakeTurnAsync(ct);
        if (turn is null) return Fail(PasswordModel.Busy);
        var done = await accounts.AcceptAsync(visit.Token, name, Password ?? "", await tools.Browser.ContextAsync(ct), ct);
        if (!done.IsOk && done.Error == UserErrors.PasswordTooShort) return Again(Error = done.Error.Message);
        if (!done.IsOk) return SeeOther(InteractionPaths.Invitation); // which says why, or asks for the account's own sign-in
        var (accepted, signedIn) = done.Value;
        tools.Telemetry.SignIn("invitation", SignInOutcome.Succeeded, null);
        tools.Browser.Keep(signedIn);
        cookie.Drop(HttpContext);
        if (await ways.OnAsync(visit, accepted, ct) is { } next) return SeeOther(next);
        JoinedName = accepted.OrganizationName;
        return Page();
    }

    /// <summary>Null when this is not the way in: the page before it knows why.</summary>
    private async Task<InvitationVisit?> FindAsync(CancellationToken ct)
    {
        if (cookie.Find(HttpContext) is not { Consented: true } visit || await invitations.OpenAsync(visit.Token, ct) is not { IsOk: true, Value: { } offer }) return null;
        if (await ways.DemandedAsync(offer, ct) is not null) return null;
        var account = await accounts.FindAsync(offer.Address, ct);
        if (account is not (InviteeAccount.None or InviteeAccount.WithoutCredential)) return null;
        (Address, OrganizationName, AsksName) = (offer.Address.Value, offer.OrganizationName, account == InviteeAccount.None);
        return visit;
    }
}
