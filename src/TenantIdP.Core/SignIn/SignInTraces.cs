using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.SignIn;

/// <summary>Each null member lets everything through.</summary>
public sealed record TraceFilter(Id<Connection>? Connection, TraceOutcome? Outcome, string? TraceId);

/// <summary>The traces of the organization that was entered, newest first.</summary>
public sealed class SignInTraces(IdpDbContext db)
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "sign_in_trace_not_found", "There is no such trace in this organization; traces are kept 30 days.");

    public async Task<Result<Page<SignInTrace>>> ListAsync(Id<Organization> organization, TraceFilter filter, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<SignInTrace>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        var traces = db.SignInTraces.AsNoTracking().Where(t => t.OrganizationId == organization);
        if (filter.Connection is { } connection) traces = traces.Where(t => t.ConnectionId == connection);
        if (filter.Outcome is { } outcome) traces = traces.Where(t => t.Outcome == outcome);
        if (filter.TraceId is { } traceId) traces = traces.Where(t => t.TraceId == traceId);
        if (after is { } id) traces = traces.Where(t => t.Id < id);
        return await traces.OrderByDescending(t => t.Id).TakePageAsync(page, t => t.Id.ToString(), ct);
    }

    public async Task<Result<SignInTrace>> FindAsync(Id<Organization> organization, Id<SignInTrace> id, CancellationToken ct) =>
        await db.SignInTraces.AsNoTracking().SingleOrDefaultAsync(t => t.OrganizationId == organization && t.Id == id, ct) is { } found ? found : NotFound;
}
