using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;

namespace TenantIdP.Server.Login;

/// <summary>Who this browser is here, and nothing else.</summary>
internal sealed class IndexModel(BrowserSession browser, IdpDbContext db) : SignInPage
{
    public string? Name { get; private set; }
    public string? Email { get; private set; }

    public async Task OnGetAsync(CancellationToken ct)
    {
        if (await browser.FindAsync(ct) is not { } session) return;
        var user = await db.Users.Where(u => u.Id == session.UserId)
            .Select(u => new { u.Name, Email = u.Emails.Where(e => e.IsPrimary).Select(e => e.Address).FirstOrDefault() })
            .SingleOrDefaultAsync(ct);
        (Name, Email) = (user?.Name ?? user?.Email, user?.Name is null ? null : user.Email);
    }
}
