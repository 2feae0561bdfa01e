using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Server.Federation;

namespace TenantIdP.Server.Login;

/// <summary>Tells the result of a test in the browser that made it.</summary>
internal sealed class TestResultModel(TestResultCookie results, SignInTraces traces, IdpDbContext db) : SignInPage
{
    [BindProperty(Name = "connectionId", SupportsGet = true)]
    public string? ConnectionId { get; set; }

    public SignInTrace Trace { get; private set; } = null!; // set before the page is shown
    public IReadOnlyList<ReceivedValue> Values { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync(CancellationToken ct)
    {
        if (!Id<Connection>.TryParse(ConnectionId, out var id) || results.Find(HttpContext, id) is not { } result) return NotFound();
        db.EnterOrganization(result.OrganizationId);
        var found = await traces.FindAsync(result.OrganizationId, result.Trace, ct);
        if (!found.IsOk) return NotFound();
        (Trace, Values) = (found.Value, result.Values);
        return Page();
    }
}
