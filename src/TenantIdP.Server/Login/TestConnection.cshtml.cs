using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Server.Federation;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Login;

/// <summary>Starts a test of a connection. The link comes from the management API; it is opened by whoever can sign in at the identity provider, with or without a session here.</summary>
internal sealed class TestConnectionModel(ConnectionTestTickets tickets, ConnectionDirectory connections, ConnectionChallenge challenge, ConnectionTestFinish finish, TraceRecorder trace) : SignInPage
{
    private static readonly FailureFacts UnknownTest =
        new(StatusCodes.Status404NotFound, "unknown_test", "This test is not known here, or its link has run out. Ask for a new one.");

    [BindProperty(Name = "connectionId", SupportsGet = true)]
    public string? ConnectionId { get; set; }

    [BindProperty(Name = "ticket", SupportsGet = true)]
    public string? Ticket { get; set; }

    public string? OrganizationName { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken ct) => await FindAsync(ct) is null ? Fail(UnknownTest) : Page();

    public async Task<IActionResult> OnPostAsync(CancellationToken ct)
    {
        if (await FindAsync(ct) is not var (connection, test)) return Fail(UnknownTest);
        trace.Add("input", "test_run", TraceVerdict.Noted, "asked for by an administrator");
        if (await challenge.StartAsync(HttpContext, connection, PendingSignIn.OfNobody, null, ct, test) is { } failure) finish.Fail(HttpContext, connection, test, failure);
        return new EmptyResult();
    }

    private async Task<(Id<Connection> Connection, TestRun Test)?> FindAsync(CancellationToken ct)
    {
        if (!Id<Connection>.TryParse(ConnectionId, out var id) || tickets.Read(id, Ticket) is not { } test) return null;
        if (await connections.FindAnyAsync(id, ct) is not { OrganizationIsActive: true } connection || connection.OrganizationId != test.OrganizationId) return null;
        OrganizationName = connection.OrganizationName;
        return (id, test);
    }
}
