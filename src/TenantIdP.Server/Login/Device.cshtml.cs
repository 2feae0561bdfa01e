using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Login;

/// <summary>Takes the code that a device shows (RFC 8628 section 3.3). A link may fill it in; going on is the person's own doing.</summary>
internal sealed class DeviceModel(IDeviceRequests devices, BrowserSession browser, DeviceGuesses guesses, DeviceCookie typed) : SignInPage
{
    [BindProperty(Name = "user_code", SupportsGet = true)]
    public string? UserCode { get; set; }

    public string? Error { get; private set; }

    public IActionResult OnGet()
    {
        if (UserCode?.Length > 20) UserCode = null;
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken ct)
    {
        var session = await browser.FindAsync(ct);
        if (!await guesses.TakeAsync(HttpContext.Connection.RemoteIpAddress, session?.Id, ct))
        {
            Error = "Too many wrong codes. Wait ten minutes and start again on your device.";
            return Again(Error);
        }

        if (UserCode is { Length: <= 20 } code && await devices.FindAsync(code, ct) is { } found)
        {
            await guesses.WasRightAsync(HttpContext.Connection.RemoteIpAddress, session?.Id, ct);
            typed.Keep(HttpContext, found.Id);
            return SeeOther(found.Url);
        }

        Error = "This code is not known, or it is older than ten minutes. Start again on your device.";
        return Again(Error);
    }
}
