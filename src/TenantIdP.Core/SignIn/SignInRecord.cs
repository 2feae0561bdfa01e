using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>
/// What a federated sign-in leaves behind: an event and a trace, saved with what it changed or with its refusal. Crosses organizations only to find the owner of the one
/// connection that the browser's own state named.
/// </summary>
public sealed class SignInRecord(IdpDbContext db, EventLog events, TraceRecorder trace)
{
    public const string Ok = "ok";

    /// <summary>Where an attempt begins; one that lost a race goes back to it.</summary>
    public int Mark => trace.Steps.Count;

    public void Rewind(int mark) => trace.Rewind(mark);

    /// <summary>Adds both to the unit of work; the caller saves.</summary>
    public void Succeed(Connection connection, ExternalIdentity external, Id<User> user, bool keepsSession)
    {
        trace.Add("claims", "tokens", TraceVerdict.Noted, "sub, org_id, org_name, roles, connection_id");
        trace.Add("session", keepsSession ? "session_kept" : "session_started", TraceVerdict.Passed, "one factor, by this connection");
        events.Record(EventTypes.SignInSucceeded, connection.OrganizationId, user.ToString(), new { connectionId = connection.Id, method = connection.Kind, upstreamAmr = external.Amr });
        trace.Close(connection.OrganizationId, connection.Id, TraceOutcome.Succeeded, Ok, "The sign-in succeeded.");
    }

    /// <summary>The browser is asked for a proof first; what becomes of it is a trace of its own.</summary>
    public async Task WaitForProofAsync(Connection connection, CancellationToken ct)
    {
        trace.Close(connection.OrganizationId, connection.Id, TraceOutcome.Refused, SignInErrors.LinkRequiresProof.Code, SignInAdvice.For(SignInErrors.LinkRequiresProof));
        await db.SaveChangesAsync(ct);
    }

    public async Task RefuseAsync(Id<Connection> connection, ExternalIdentity external, Error error, CancellationToken ct)
    {
        // Not cleared: the browser's session stays tracked for what the request does next.
        db.DiscardChanges();
        var organization = await db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(c => c.Id == connection).Select(c => (Id<Organization>?)c.OrganizationId).SingleOrDefaultAsync(ct);
        if (organization is not { } owner) return;
        db.EnterOrganization(owner);
        var known = await db.UserIdentities.Where(i => i.ConnectionId == connection && i.Subject == external.Subject).Select(i => (Id<User>?)i.UserId).FirstOrDefaultAsync(ct);
        // Whoever has verified the address is who the row is about; a stranger's is nobody's, and goes after 30 days (Pruning).
        if (known is null && external.Email?.Normalized is { } address) known = await db.UserEmails.Where(e => e.Normalized == address && e.VerifiedAt != null).Select(e => (Id<User>?)e.UserId).SingleOrDefaultAsync(ct);
        events.Record(EventTypes.SignInRefused, owner, connection.ToString(), new { code = error.Code }, new { email = external.Email?.Value, subject = external.Subject }, known);
        CloseRefused(owner, connection, TraceOutcome.Refused, error);
        await db.SaveChangesAsync(ct);
    }

    /// <summary>Adds the trace of a refusal to the unit of work, with a step that failed.</summary>
    public SignInTrace CloseRefused(Id<Organization> organization, Id<Connection> connection, TraceOutcome outcome, Error error)
    {
        var advice = SignInAdvice.For(error);
        if (!trace.Steps.Any(s => s.Verdict == TraceVerdict.Failed)) trace.Add("session", error.Code, TraceVerdict.Failed, fix: advice);
        return trace.Close(organization, connection, outcome, error.Code, advice);
    }
}
