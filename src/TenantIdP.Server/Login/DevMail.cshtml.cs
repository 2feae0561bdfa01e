using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Mail;

namespace TenantIdP.Server.Login;

/// <summary>The mails that this server would have sent: in Development, without a mail server, on this machine. Anywhere else there is no such page.</summary>
internal sealed partial class DevMailModel(IServiceProvider services, IssuerOptions issuer) : SignInPage
{
    [BindProperty(Name = "id", SupportsGet = true)]
    public string? MailId { get; set; }

    public IReadOnlyList<DroppedMail> Mails { get; private set; } = [];

    public DroppedMail? Mail { get; private set; }

    public IReadOnlyList<string> Links { get; private set; } = [];

    public IActionResult OnGet()
    {
        if (services.GetService<MailDrop>() is not { } drop || !DevMailEndpoints.IsNear(HttpContext)) return NotFound();
        if (MailId is null)
        {
            Mails = drop.List();
            return Page();
        }

        if (drop.Find(MailId) is not { } mail) return NotFound();
        Mail = mail;
        Links = [.. Address().Matches(mail.Text).Select(m => m.Value).Where(a => a.StartsWith(issuer.Issuer + "/", StringComparison.Ordinal)).Distinct()];
        return Page();
    }

    [GeneratedRegex(@"https?://[^\s<>""]+")]
    private static partial Regex Address();
}
