using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Joining;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Login;

/// <summary>Asks a person whether they want to join an organization that their address belongs to. Reading the page joins nobody, and going on without is always possible.</summary>
internal sealed class JoinModel(SignInFlow flow, BrowserSession browser, DomainJoins joins, Openings openings, SkippedJoinsCookie skipped) : SignInPage
{
    public const string Path = "/join";

    [BindProperty(Name = "organization")]
    public string? Organization { get; set; }

    public string? AppName { get; private set; }
    public IReadOnlyList<Opening> Open { get; private set; } = [];

    /// <summary>Whom the person has asked just now.</summary>
    public string? Asked { get; private set; }

    public string? Error { get; private set; }

    /// <summary>Where it goes on.</summary>
    public string NextUrl => Return ?? "/";

    public static string UrlOf(string? back) => back is null ? Path : $"{Path}?{InteractionPaths.ReturnParameter}={Uri.EscapeDataString(back)}";

    public async Task<IActionResult> OnGetAsync(CancellationToken ct)
    {
        if (await flow.FindAsync(Return, ct) is not { } pending) return Fail(UnknownRequest);
        if (await browser.FindAsync(ct) is not { } session) return SeeOther(SignInUrl(Return));
        AppName = pending.AppName;
        Open = [.. (await openings.OfAsync(session, ct)).Where(o => o.IsOpen)];
        return Open.Count == 0 ? SeeOther(NextUrl) : Page();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken ct)
    {
        if (await flow.FindAsync(Return, ct) is not { } pending) return Fail(UnknownRequest);
        if (await browser.FindAsync(ct) is not { } session) return SeeOther(SignInUrl(Return));
        AppName = pending.AppName;
        var all = await openings.OfAsync(session, ct);
        if (string.IsNullOrEmpty(Organization))
        {
            skipped.Add(HttpContext, session.UserId, all.Where(o => o.IsOpen).Select(o => o.Organization));
            return SeeOther(NextUrl);
        }

        // Anything that is not open to this person, real or not, is answered alike.
        var chosen = Id<Organization>.TryParse(Organization, out var id) ? all.FirstOrDefault(o => o.Organization == id && o.IsOpen) : null;
        if (chosen is { Kind: OpeningKind.Offered })
        {
            var joined = await joins.AcceptAsync(session, chosen.Organization, ct);
            if (joined.IsOk) return SeeOther(pending.Request?.Organization is null ? flow.NextInChosen(pending, chosen.Organization) : NextUrl);
            Error = joined.Error.Message;
        }
        else if (chosen is not null)
        {
            var asked = await joins.AskAsync(session, chosen.Organization, ct);
            if (asked.IsOk) Asked = chosen.Name;
            else Error = asked.Error.Message;
        }
        else
        {
            Error = JoinErrors.Unavailable.Message;
        }

        Open = [.. (await openings.OfAsync(session, ct)).Where(o => o.IsOpen)];
        return Again(Error);
    }
}
