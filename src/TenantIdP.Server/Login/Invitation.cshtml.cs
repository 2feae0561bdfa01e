using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Login;

/// <summary>
/// Asks the person about the invitation that this browser opened. Before they sign in it tells the organization, who invites, and the masked address. Nothing happens without a form of
/// ours that said yes; a GET completes only what such a form began in this browser, after the sign-in in between.
/// </summary>
internal sealed class InvitationModel(InvitationCookie cookie, InvitationAcceptance invitations, InvitationAccounts accounts, InvitationWays ways, BrowserSession browser) : SignInPage
{
    private InvitationVisit? visit;

    [BindProperty(Name = "answer")]
    public string? Answer { get; set; }

    /// <summary>Which invitation was on the screen.</summary>
    [BindProperty(Name = "invitation")]
    public string? Shown { get; set; }

    public InvitationOffer? Offer { get; private set; }
    public bool IsSignedIn { get; private set; }
    public bool MayAsk { get; private set; }
    public bool MaySwitch { get; private set; }
    public string Name => visit?.Name() ?? "";
    public string MaskedAddress => Offer is { } offer ? TraceRecorder.Masked(offer.Address) : "";
    public string? JoinedName { get; private set; }
    public InvitationNotice? Notice { get; private set; }
    public string? BackUrl { get; private set; }
    public PasswordForm? Password { get; private set; }
    public string TraceId => RequestTrace.Of(HttpContext);

    public async Task<IActionResult> OnGetAsync(CancellationToken ct)
    {
        if (await FindAsync(ct) is not var (offer, demanded, session, standing)) return await LeaveAsync(ct);
        if (session is not null && standing == InviteeStanding.Invited && visit is { Consented: true }) return await AcceptAsync(session, demanded, ct);
        return standing == InviteeStanding.SomebodyElse ? Another(offer, session) : Page();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken ct)
    {
        if (await FindAsync(ct) is not var (offer, demanded, session, standing) || visit is not { } opened) return Page();
        if (Shown != opened.Name()) return SeeOther(InteractionPaths.Invitation); // another one was opened in the meantime
        switch (Answer)
        {
            case "decline":
                var declined = await invitations.DeclineAsync(opened.Token, ct);
                if (!declined.IsOk) return Show(InvitationNotice.Of(declined.Error));
                cookie.Drop(HttpContext);
                return Show(InvitationNotice.Declined);
            case "ask" when session is not null && standing == InviteeStanding.SomebodyElse:
                var asked = await invitations.AskAsync(opened.Token, session, ct);
                return asked.IsOk ? SeeOther(InteractionPaths.Invitation) : Show(InvitationNotice.Of(asked.Error));
            case "accept" when session is not null && standing == InviteeStanding.Invited:
                return await AcceptAsync(session, demanded, ct);
            case "accept" when standing == InviteeStanding.SomebodyElse:
                return Another(offer, session);
            case "accept" or "switch":
                cookie.Keep(HttpContext, opened with { Consented = true });
                return await SignInAsync(offer, demanded, ct);
            default:
                return Page();
        }
    }

    /// <summary>Null when there is nothing to ask: the notice is set.</summary>
    private async Task<(InvitationOffer Offer, Id<Core.Connections.Connection>? Demanded, Session? Session, InviteeStanding? Standing)?> FindAsync(CancellationToken ct)
    {
        visit = cookie.Find(HttpContext);
        var opened = visit is null ? InvitationErrors.Unknown : await invitations.OpenAsync(visit.Token, ct);
        if (visit is not null) BackUrl = await ways.WithoutAsync(visit, ct);
        if (!opened.IsOk)
        {
            Show(InvitationNotice.Of(opened.Error));
            return null;
        }

        var offer = Offer = opened.Value;
        var demanded = await ways.DemandedAsync(offer, ct);
        var session = await browser.FindAsync(ct);
        var standing = session is null ? (InviteeStanding?)null : await invitations.StandingAsync(offer, session, demanded, ct);
        IsSignedIn = standing == InviteeStanding.Invited;
        return (offer, demanded, session, standing);
    }

    private async Task<IActionResult> AcceptAsync(Session session, Id<Core.Connections.Connection>? demanded, CancellationToken ct)
    {
        var accepted = await invitations.AcceptAsync(visit!.Token, session, demanded, ct); // there is one where this is called
        if (!accepted.IsOk) return Show(InvitationNotice.Of(accepted.Error));
        cookie.Drop(HttpContext);
        if (await ways.OnAsync(visit, accepted.Value, ct) is { } next) return SeeOther(next);
        JoinedName = accepted.Value.OrganizationName;
        return Page();
    }

    /// <summary>Who is in by this link goes on; to everybody else the notice is shown.</summary>
    private async Task<IActionResult> LeaveAsync(CancellationToken ct)
    {
        if (visit is null || Notice?.Code != InvitationErrors.Used.Code || await browser.FindAsync(ct) is not { } session || await invitations.JoinedAsync(visit.Token, session, ct) is not { } joined) return Page();
        (Response.StatusCode, Notice) = (StatusCodes.Status200OK, null);
        cookie.Drop(HttpContext);
        if (await ways.OnAsync(visit, joined, ct) is { } next) return SeeOther(next);
        JoinedName = joined.OrganizationName;
        return Page();
    }

    private async Task<IActionResult> SignInAsync(InvitationOffer offer, Id<Core.Connections.Connection>? demanded, CancellationToken ct)
    {
        if (demanded is { } connection) return await ways.StartAsync(HttpContext, connection, offer, ct) is { } failure ? Fail(failure) : new EmptyResult();
        switch (await accounts.FindAsync(offer.Address, ct))
        {
            case InviteeAccount.Password:
                Password = new PasswordForm(offer.Address.Value, InteractionPaths.Invitation, null, null);
                return Page();
            case InviteeAccount.Elsewhere:
                return Show(InvitationNotice.Elsewhere);
            default:
                return SeeOther(InteractionPaths.InvitationAccount);
        }
    }

    /// <summary>Somebody else is signed in here. Neither address is named.</summary>
    private PageResult Another(InvitationOffer offer, Session? session)
    {
        MaySwitch = true;
        if (session is not null && offer.RequestedBy == session.UserId) return Show(offer.RequestDenied ? InvitationNotice.Denied : InvitationNotice.Waiting);
        MayAsk = offer.TakesOtherAddress && (offer.RequestedBy is null || offer.RequestDenied);
        return Show(InvitationNotice.Of(InvitationErrors.WrongAccount));
    }

    private PageResult Show(InvitationNotice notice)
    {
        (Notice, Response.StatusCode) = (notice, notice.Status);
        return Page();
    }
}
