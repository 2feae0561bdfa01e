using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>How a person is let in.</summary>
public enum AdmittedAs
{
    Known,
    Created,
    Linked,

    /// <summary>Not before the old credential of the account was shown.</summary>
    AfterProof,
}

/// <summary>Whom a connection's answer speaks for.</summary>
public sealed record Admitted(Id<User> User, AdmittedAs As);

/// <summary>From a validated answer to the account and membership it speaks for, in the caller's transaction and tenant scope; the same for a sign-in and for a test of it.</summary>
public sealed class Admission(IdpDbContext db, AccountLinking linking, JitProvisioning provisioning, TraceRecorder trace, TimeProvider clock)
{
    public async Task<Result<Admitted>> AdmitAsync(Connection connection, ExternalIdentity external, CancellationToken ct)
    {
        switch (await linking.DecideAsync(connection, external, ct))
        {
            case LinkDecision.Known(var identity):
                identity.Used(clock.GetUtcNow());
                return await CheckAsync(await provisioning.ReturnAsync(connection, external, identity, ct), AdmittedAs.Known, ct);
            case LinkDecision.CreateUser(var email, var verified):
                return await CheckAsync(await provisioning.CreateAsync(connection, external, email, verified, ct), AdmittedAs.Created, ct);
            case LinkDecision.LinkTo(var existing, var why):
                return await CheckAsync(await provisioning.LinkAsync(connection, external, existing, why, ct), AdmittedAs.Linked, ct);
            case LinkDecision.ProveFirst(var existing):
                return new Admitted(existing, AdmittedAs.AfterProof);
            case LinkDecision.Refuse(var error):
                return error;
            default:
                throw new InvalidOperationException("An unknown link decision.");
        }
    }

    /// <summary>After the proof: the facts may have changed meanwhile; only the same wish for the same account is fulfilled.</summary>
    public async Task<Result<Admitted>> AdmitProvenAsync(Connection connection, ExternalIdentity external, Id<User> proven, CancellationToken ct)
    {
        if (await linking.DecideAsync(connection, external, ct) is not LinkDecision.ProveFirst { User: var user } || user != proven) return SignInErrors.StateMismatch;
        trace.Add("linking", "proof_shown", TraceVerdict.Passed);
        return await CheckAsync(await provisioning.LinkAsync(connection, external, user, "proven", ct), AdmittedAs.Linked, ct);
    }

    private async Task<Result<Admitted>> CheckAsync(Result<Id<User>> joined, AdmittedAs how, CancellationToken ct)
    {
        if (!joined.IsOk) return Refuse(joined.Error);
        var user = joined.Value;

        // A link adds rows to an account that was found by its address: it may be merged or erased in this moment, and must not come back to life.
        if (how == AdmittedAs.Linked) await db.LockAsync(user, ct);
        if (await db.Users.AsNoTracking().AnyAsync(u => u.Id == user && u.Status != UserStatus.Active, ct)) return Refuse(SignInErrors.UserSuspended);
        return new Admitted(user, how);
    }

    private Error Refuse(Error error)
    {
        trace.Add("provisioning", error.Code, TraceVerdict.Failed, fix: SignInAdvice.For(error));
        return error;
    }
}
