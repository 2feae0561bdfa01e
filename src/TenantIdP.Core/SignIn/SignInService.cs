using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>A finished sign-in: whose session it is now and the token for the cookie.</summary>
public sealed record SignedIn(Session Session, string Token, Id<Organization>? Organization);

/// <summary>What the browser brings to a sign-in.</summary>
/// <param name="Address">Where the request came from; null when unknown.</param>
public sealed record BrowserContext(Session? Current, string? UserAgent, IPAddress? Address = null);

/// <summary>A federated sign-in that waits for the old credential of an existing account; kept sealed in the browser that made it.</summary>
public sealed record PendingLink(Id<Connection> ConnectionId, Id<Organization> OrganizationId, ExternalIdentity External, Id<User> User, DateTimeOffset ExpiresAt);

/// <summary>A finished federation, or the wish for a proof first.</summary>
public sealed record FederationOutcome(SignedIn? SignedIn, PendingLink? Pending);

/// <summary>
/// Turns a validated upstream answer into user, identity, membership, session and proof, in one transaction: everything or nothing. Crosses organizations only to load the
/// one connection that the browser's own state named.
/// </summary>
public sealed class SignInService(IdpDbContext db, Admission admission, SessionService sessions, SignInRecord record, TimeProvider clock)
{
    /// <summary>Another sign-in of the same person, a change of their membership and the unlinking or merging of the identity may each come between once.</summary>
    private const int Attempts = 5;

    private static readonly TimeSpan PendingLifetime = TimeSpan.FromMinutes(10);

    public async Task<Result<FederationOutcome>> FederateAsync(Id<Connection> connectionId, ExternalIdentity external, BrowserContext browser, CancellationToken ct)
    {
        var result = await AttemptAsync(browser, now => FederateOnceAsync(connectionId, external, now, ct), ct);
        if (result.Error is { Kind: not ErrorKind.Unavailable } error) await record.RefuseAsync(connectionId, external, error, ct);
        return result;
    }

    /// <summary>Finishes a link after the account's own credential was shown in the same browser.</summary>
    public async Task<Result<SignedIn>> FinishLinkAsync(PendingLink pending, Session proven, BrowserContext browser, CancellationToken ct)
    {
        var result = await AttemptAsync(browser with { Current = proven }, now => LinkOnceAsync(pending, now, ct), ct);
        if (result.Error is { Kind: not ErrorKind.Unavailable } error) await record.RefuseAsync(pending.ConnectionId, pending.External, error, ct);
        return result;
    }

    private async Task<Result<SignedIn>> LinkOnceAsync(PendingLink pending, BrowserContext browser, CancellationToken ct)
    {
        if (clock.GetUtcNow() >= pending.ExpiresAt || browser.Current is not { } proven || proven.UserId != pending.User
            || !proven.Proofs.Any(p => p.ConnectionId is null && p.At >= pending.ExpiresAt - PendingLifetime))
            return SignInErrors.StateMismatch;

        if (await ConnectionAsync(pending.ConnectionId, ct) is not { } connection) return SignInErrors.ConnectionUnavailable;
        var admitted = await admission.AdmitProvenAsync(connection, pending.External, pending.User, ct);
        return admitted.IsOk ? await FinishAsync(connection, pending.External, admitted.Value.User, browser, ct) : admitted.Error;
    }

    private async Task<Result<T>> AttemptAsync<T>(BrowserContext browser, Func<BrowserContext, Task<Result<T>>> once, CancellationToken ct) where T : notnull
    {
        var mark = record.Mark;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var context = browser;
                return await db.InTransactionAsync(() => once(context), ct);
            }
            catch (DbUpdateException e) when (attempt < Attempts && (db.UniqueViolation(e) is not null || e is DbUpdateConcurrencyException))
            {
                // Two first sign-ins of one person at once: the loser starts again and finds what the winner made.
                db.ChangeTracker.Clear();
                record.Rewind(mark);
                browser = browser with { Current = await AsStoredAsync(browser.Current, ct) };
            }
        }
    }

    /// <summary>The same object as the database has it: what the failed attempt did to it was rolled back.</summary>
    private async Task<Session?> AsStoredAsync(Session? session, CancellationToken ct)
    {
        if (session is null) return null;
        var entry = db.Attach(session);
        await entry.ReloadAsync(ct);
        return entry.State != EntityState.Detached && session.EndedAt is null ? session : null;
    }

    private async Task<Result<FederationOutcome>> FederateOnceAsync(Id<Connection> connectionId, ExternalIdentity external, BrowserContext browser, CancellationToken ct)
    {
        if (await ConnectionAsync(connectionId, ct) is not { } connection) return SignInErrors.ConnectionUnavailable;

        var admitted = await admission.AdmitAsync(connection, external, ct);
        if (!admitted.IsOk) return admitted.Error;
        var (user, how) = admitted.Value;
        if (how == AdmittedAs.AfterProof)
        {
            await record.WaitForProofAsync(connection, ct);
            return new FederationOutcome(null, new PendingLink(connection.Id, connection.OrganizationId, external, user, clock.GetUtcNow() + PendingLifetime));
        }

        var signedIn = await FinishAsync(connection, external, user, browser, ct);
        return signedIn.IsOk ? new FederationOutcome(signedIn.Value, null) : signedIn.Error;
    }

    private async Task<Result<SignedIn>> FinishAsync(Connection connection, ExternalIdentity external, Id<User> user, BrowserContext browser, CancellationToken ct)
    {
        // One factor whatever the upstream claims, until the connection says which of its methods are trusted.
        var proof = new SessionProof(connection.Id, connection.OrganizationId, clock.GetUtcNow(), [ProofMethods.Federated]);
        record.Succeed(connection, external, user, browser.Current?.UserId == user);
        var (session, token) = await sessions.ProveAsync(browser.Current, user, proof, browser.UserAgent, external.Session, ct);
        return new SignedIn(session, token, connection.OrganizationId);
    }

    private async Task<Connection?> ConnectionAsync(Id<Connection> id, CancellationToken ct)
    {
        var found = await (
            from c in db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            join o in db.Organizations on c.OrganizationId equals o.Id
            where c.Id == id && c.Status == ConnectionStatus.Active && o.Status == OrganizationStatus.Active
            select c).SingleOrDefaultAsync(ct);
        if (found is not null) db.EnterOrganization(found.OrganizationId);
        return found;
    }
}
