using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Federation;

namespace TenantIdP.Server.Login;

/// <summary>The first page: an email and nothing else. What the app already said may answer the question without showing it.</summary>
internal sealed class SignInModel(SignInFlow flow, HomeRealm homeRealm, RealmCookie remembered, ConnectionChallenge challenge) : SignInPage
{
    /// <summary>The connection that a step-up needs.</summary>
    [BindProperty(Name = InteractionPaths.ConnectionParameter, SupportsGet = true)]
    public string? Connection { get; set; }

    [BindProperty(Name = "email")]
    public string? Email { get; set; }

    /// <summary>Which of several connections the person takes; counts only when it is one of those that were offered.</summary>
    [BindProperty(Name = "choice")]
    public string? Choice { get; set; }

    /// <summary>The person wants to type another address: nothing is decided for them.</summary>
    [BindProperty(Name = "another", SupportsGet = true)]
    public bool Another { get; set; }

    /// <summary>A password is asked for whatever the address: whether it opens anything is decided when it is known, and the page is the same for everybody.</summary>
    [BindProperty(Name = "local", SupportsGet = true)]
    public bool Local { get; set; }

    public string? AppName { get; private set; }
    public string? OrganizationName { get; private set; }
    public string? CancelUrl { get; private set; }
    public string? Error { get; private set; }
    public PasswordForm? Password { get; private set; }
    public ConnectionChoice? Choices { get; private set; }
    public Realm Found { get; private set; } = Realm.Local;

    public async Task<IActionResult> OnGetAsync(CancellationToken ct)
    {
        if (await FindAsync(ct) is not { } pending) return Fail(UnknownRequest);
        if (Local) return Page();
        var hint = EmailAddress.TryParse(pending.Request?.LoginHint, out var address) ? address : (EmailAddress?)null;
        var realm = await homeRealm.FindAsync(Question(pending, Another ? null : hint), ct);
        // Without a request of ours another site made this browser come: whoever wants to be signed in presses the button (SECURITY.md F5).
        if (realm.Connection is { } connection && pending.Request is not null && !Another) return await LeaveAsync(connection, pending, hint, ct);
        if (realm.Choices.Count > 0 && !Another) return Choose(realm, hint);

        (Email, OrganizationName, Found) = (Another ? null : hint?.Value, realm.OrganizationName, realm);
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken ct)
    {
        if (await FindAsync(ct) is not { } pending) return Fail(UnknownRequest);
        var typed = EmailAddress.TryParse(Email, out var address) ? address : (EmailAddress?)null;
        if (Choice is not null) return await ChosenAsync(pending, typed, ct);
        if (typed is not { } email)
        {
            Error = "Enter an email address, such as jane@example.com.";
            return Again(Error);
        }

        if (Local)
        {
            Password = new PasswordForm(email.Value, Return, AppName, CancelUrl) { IsLocal = true };
            return Page();
        }

        var realm = await homeRealm.FindAsync(Question(pending, email), ct);
        if (realm.Connection is { } connection) return await LeaveAsync(connection, pending, email, ct);
        if (realm.Choices.Count > 0) return Choose(realm, email);
        (Found, Password) = (realm, new PasswordForm(email.Value, Return, AppName, CancelUrl));
        return Page();
    }

    /// <summary>The question is asked anew: what was not offered, real or not, is answered like no choice at all.</summary>
    private async Task<IActionResult> ChosenAsync(PendingSignIn pending, EmailAddress? email, CancellationToken ct)
    {
        var realm = await homeRealm.FindAsync(Question(pending, email), ct);
        var offered = realm.Suggested is { } last ? realm.Choices.Append(last) : realm.Choices;
        if (offered.FirstOrDefault(c => c.Id.ToString() == Choice) is { } chosen) return await LeaveAsync(chosen.Id, pending, email, ct);
        if (realm.Connection is { } connection) return await LeaveAsync(connection, pending, email, ct);
        return realm.Choices.Count > 0 ? Choose(realm, email) : SeeOther(SignInUrl(Return, another: true));
    }

    private PageResult Choose(Realm realm, EmailAddress? email)
    {
        Choices = new ConnectionChoice(realm.OrganizationName, realm.Choices, realm.Suggested?.Id, email?.Value, Return, AppName, CancelUrl);
        return Page();
    }

    private async Task<PendingSignIn?> FindAsync(CancellationToken ct)
    {
        var pending = await flow.FindAsync(Return, ct);
        if (pending is null) return null;
        (AppName, CancelUrl) = (pending.AppName, flow.CancelUrl(pending));
        return pending;
    }

    private RealmQuestion Question(PendingSignIn pending, EmailAddress? email) =>
        new(pending.Request?.Organization, Connection ?? pending.Request?.Connection, pending.Request?.DomainHint, email, remembered.Find(HttpContext));

    private async Task<IActionResult> LeaveAsync(Id<Core.Connections.Connection> connection, PendingSignIn pending, EmailAddress? email, CancellationToken ct) =>
        await challenge.StartAsync(HttpContext, connection, pending, email, ct) is { } failure ? Fail(failure) : new EmptyResult();
}

/// <summary>The connections of one organization, for a person to choose from.</summary>
internal sealed record ConnectionChoice(string? OrganizationName, IReadOnlyList<RealmConnection> Choices, Id<Core.Connections.Connection>? Suggested, string? Email, string? Return, string? AppName, string? CancelUrl);
