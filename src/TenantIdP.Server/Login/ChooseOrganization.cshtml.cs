using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Joining;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Server.Login;

/// <summary>Asks a person of several organizations which one this sign-in is for.</summary>
internal sealed class ChooseOrganizationModel(SignInFlow flow, BrowserSession browser, OrganizationChoices choices, Openings openings) : SignInPage
{
    [BindProperty(Name = "organization")]
    public string? Organization { get; set; }

    public string? AppName { get; private set; }
    public string? CancelUrl { get; private set; }
    public IReadOnlyList<OrganizationChoice> Choices { get; private set; } = [];

    /// <summary>What the person could join, has asked to join, or was denied.</summary>
    public IReadOnlyList<Opening> Others { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync(CancellationToken ct)
    {
        if (await flow.FindAsync(Return, ct) is not { Request: not null } pending) return Fail(UnknownRequest);
        if (await browser.FindAsync(ct) is not { } session) return SeeOther(SignInUrl(Return));
        (Choices, Others) = (await choices.OfAsync(session.UserId, ct), [.. (await openings.OfAsync(session, ct)).Where(o => o.Kind != OpeningKind.Automatic)]);
        (AppName, CancelUrl) = (pending.AppName, flow.CancelUrl(pending));
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken ct)
    {
        if (await flow.FindAsync(Return, ct) is not { Request: not null } pending) return Fail(UnknownRequest);
        if (await browser.FindAsync(ct) is not { } session) return SeeOther(SignInUrl(Return));
        var mine = await choices.OfAsync(session.UserId, ct);
        // Anything not on the list, real or not, is answered alike.
        return Id<Organization>.TryParse(Organization, out var chosen) && mine.Any(c => c.Id == chosen) ? SeeOther(flow.NextInChosen(pending, chosen)) : await OnGetAsync(ct);
    }
}
