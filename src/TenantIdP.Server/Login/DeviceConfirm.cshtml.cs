using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Login;

/// <summary>
/// Asks the person whether a device may act for them: which app, for whom, where it asked from and when. The same policy as at the authorization endpoint decides who they are
/// and in which organization. Reading the page never approves.
/// </summary>
internal sealed class DeviceConfirmModel(IDeviceRequests devices, IAuthorizationRequests requests, AuthorizeService policy, BrowserSession browser, DeviceCookie typed, TimeProvider clock) : SignInPage
{
    private static readonly FailureFacts Gone = new(StatusCodes.Status400BadRequest, "unknown_device", "This device no longer waits: its code was used or is too old. Start again on the device.");

    private static readonly FailureFacts Elsewhere = new(StatusCodes.Status403Forbidden, "typed_elsewhere", "The code of this device was typed in another browser, or too long ago. Type the code that the device shows here.");

    [BindProperty(Name = "answer")]
    public string? Answer { get; set; }

    public string? AppName { get; private set; }
    public string? Person { get; private set; }
    public string? OrganizationName { get; private set; }
    public string? Address { get; private set; }
    public int MinutesAgo { get; private set; }
    public IReadOnlyList<string> Gets { get; private set; } = [];
    public string Query => Request.QueryString.Value ?? "";
    public string AnotherUrl => SignInUrl(Url, another: true);

    /// <summary>What has become of it; null while the person is asked.</summary>
    public string? Done { get; private set; }

    private new string Url => InteractionPaths.ConfirmDevice + Query;

    public Task<IActionResult> OnGetAsync(CancellationToken ct) => DecideAsync((device, issue) =>
    {
        (AppName, Person, OrganizationName, Address) = (device.App.DisplayName, issue.Facts.ShownAs, issue.Facts.OrganizationName, device.Address);
        MinutesAgo = (int)(clock.GetUtcNow() - device.RequestedAt).TotalMinutes;
        Gets = ScopeTexts.Of(device.Scopes);
        return Task.FromResult<IActionResult>(Page());
    }, ct);

    public async Task<IActionResult> OnPostAsync(CancellationToken ct)
    {
        if (Answer is not ("yes" or "no")) return await OnGetAsync(ct);
        return await DecideAsync(
            async (device, issue) =>
            {
                var answered = Answer == "yes" ? await devices.ApproveAsync(device, issue, ct) : await devices.DenyAsync(device, ct);
                if (!answered) return Fail(Gone);
                Done = Answer == "yes" ? "The device is connected" : "The device was refused";
                return Page();
            }, ct);
    }

    private async Task<IActionResult> DecideAsync(Func<DeviceRequest, AuthorizeDecision.Issue, Task<IActionResult>> granted, CancellationToken ct)
    {
        if (!SignInFlow.IsOurs(Url, InteractionPaths.ConfirmDevice) || await devices.OpenAsync(Url, ct) is not var (device, request)) return Fail(Gone);
        if (!typed.Is(HttpContext, device.Id)) return Fail(Elsewhere);
        switch (await policy.DecideAsync(request, await browser.FindAsync(ct), ct))
        {
            case AuthorizeDecision.Issue issue:
                return await granted(device, issue);
            case AuthorizeDecision.SignIn:
                return SeeOther(SignInUrl(Url));
            case AuthorizeDecision.ChooseOrganization:
                return SeeOther(Going(InteractionPaths.ChooseOrganization, Url, null));
            case AuthorizeDecision.StepUp(var organization, var connection):
                return SeeOther(Going(InteractionPaths.SignIn, requests.With(Url, request.Interaction with { Chosen = organization }), connection?.ToString()));
            case AuthorizeDecision.Refuse(_, var description):
                return Fail(new FailureFacts(StatusCodes.Status403Forbidden, "access_denied", description));
            default:
                throw new InvalidOperationException("An unknown authorize decision.");
        }
    }

    private static string Going(string path, string back, string? connection)
    {
        var query = new Dictionary<string, string?> { [InteractionPaths.ReturnParameter] = back };
        if (connection is not null) query[InteractionPaths.ConnectionParameter] = connection;
        return QueryHelpers.AddQueryString(path, query);
    }
}
