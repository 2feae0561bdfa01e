using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.SignIn;

/// <summary>
/// A test of a connection: all that a sign-in does but a session, in a transaction that is rolled back. What stays is its trace and, when it passed, the mark that lets the
/// connection be activated.
/// </summary>
public sealed class SignInRehearsal(IdpDbContext db, Admission admission, ConnectionService connections, SignInRecord record, TraceRecorder trace)
{
    private static readonly Error RolledBack = new(ErrorKind.Conflict, "rolled_back", "A test changes nothing.");

    /// <param name="version">Of the connection whose settings judged the answer: a pass counts for these only.</param>
    /// <param name="tester">Who asked for the test.</param>
    public async Task<SignInTrace> RunAsync(Id<Organization> organization, Id<Connection> connection, int version, ExternalIdentity external, Actor tester, CancellationToken ct)
    {
        db.EnterOrganization(organization);
        var admitted = await RehearseAsync(organization, connection, external, ct);
        // The store forgot the rehearsal; so must the unit of work.
        db.ChangeTracker.Clear();
        if (admitted.IsOk)
        {
            trace.Add("session", "session", TraceVerdict.Skipped, "a test starts none");
            var passed = await PassAsync(organization, connection, version, admitted.Value.As, tester, ct);
            if (passed.IsOk) return passed.Value;
            admitted = passed.Error;
        }

        var failed = record.CloseRefused(organization, connection, TraceOutcome.TestFailed, admitted.Error!); // it is not Ok
        await db.SaveChangesAsync(ct);
        return failed;
    }

    private async Task<Result<Admitted>> RehearseAsync(Id<Organization> organization, Id<Connection> id, ExternalIdentity external, CancellationToken ct)
    {
        Result<Admitted> admitted = SignInErrors.ConnectionUnavailable;
        try
        {
            await db.InTransactionAsync<bool>(
                async () =>
                {
                    if (await db.Connections.SingleOrDefaultAsync(c => c.OrganizationId == organization && c.Id == id, ct) is not { } connection) return RolledBack;
                    admitted = await admission.AdmitAsync(connection, external, ct);
                    if (admitted.IsOk) await db.SaveChangesAsync(ct); // the database has its say, too
                    return RolledBack;
                }, ct);
        }
        catch (DbUpdateException e) when (db.UniqueViolation(e) is not null || e is DbUpdateConcurrencyException)
        {
            // The same person signs in for the first time in this moment.
            return VersionErrors.ChangedMeanwhile;
        }

        return admitted;
    }

    private Task<Result<SignInTrace>> PassAsync(Id<Organization> organization, Id<Connection> connection, int version, AdmittedAs how, Actor tester, CancellationToken ct) =>
        db.InTransactionAsync<SignInTrace>(
            async () =>
            {
                var closed = trace.Close(organization, connection, TraceOutcome.TestPassed, SignInRecord.Ok, WouldBe(how));
                var recorded = await connections.RecordTestAsync(organization, connection, tester, version, ct);
                return recorded.IsOk ? closed : recorded.Error;
            }, ct);

    private static string WouldBe(AdmittedAs how) => how switch
    {
        AdmittedAs.Known => "The person would be signed in to the account that this connection knows.",
        AdmittedAs.Created => "An account and a membership would be made for the person, and they would be signed in.",
        AdmittedAs.Linked => "The sign-in would be connected with the person's existing account, and they would be signed in.",
        AdmittedAs.AfterProof => "The person would be asked once for the password of their existing account, and then be signed in.",
    };
}
