using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>
/// Sign-in with a password of this instance. Unknown address, wrong password, locked account and unverified address give one and the same answer after the same work.
/// </summary>
public sealed class PasswordSignIn(IdpDbContext db, IPasswordHashing hashing, PasswordThrottle throttle, RefusedSignIns refused, SessionService sessions, EventLog events, TimeProvider clock)
{
    /// <summary>Longer input is refused before any hashing (SECURITY.md G5).</summary>
    public const int MaxPasswordLength = 256;

    // Hashed once per process, so that an unknown address costs the same as a known one.
    private static string? decoy;

    private sealed record Candidate(Id<User> User, string PasswordHash, UserStatus Status);

    public Task<Result<SignedIn>> TryAsync(EmailAddress email, string password, BrowserContext browser, CancellationToken ct) => TryAsync(null, email, password, browser, ct);

    /// <summary>
    /// For an address whose domain leads to this connection: the password of somebody whom its organization does not let in so (break-glass, or unlocked by an operator) is as wrong as any other, after the same
    /// work, so that a leftover one enters nowhere and nobody learns who is named or which one is right.
    /// </summary>
    public Task<Result<SignedIn>> TryPastAsync(Id<Connection> connection, EmailAddress email, string password, BrowserContext browser, CancellationToken ct) => TryAsync(connection, email, password, browser, ct);

    /// <summary>For an account that is known already, whichever of its addresses the person thinks of.</summary>
    /// <param name="past">A connection that an address of the account leads to, as above; null for none.</param>
    public Task<Result<SignedIn>> TryOfAsync(Id<User> user, Id<Connection>? past, string password, BrowserContext browser, CancellationToken ct) =>
        TryAsync(past, db.Users.Where(u => u.Id == user).Select(u => u.Id), password, browser, ct);

    private Task<Result<SignedIn>> TryAsync(Id<Connection>? past, EmailAddress email, string password, BrowserContext browser, CancellationToken ct) =>
        TryAsync(past, db.UserEmails.Where(e => e.Normalized == email.Normalized && e.VerifiedAt != null).Select(e => e.UserId), password, browser, ct);

    private async Task<Result<SignedIn>> TryAsync(Id<Connection>? past, IQueryable<Id<User>> users, string password, BrowserContext browser, CancellationToken ct)
    {
        if (password.Length is 0 or > MaxPasswordLength) return SignInErrors.WrongCredentials;

        var candidate = await (
            from id in users
            join u in db.Users on id equals u.Id
            join c in db.LocalCredentials on u.Id equals c.UserId
            select new Candidate(u.Id, c.PasswordHash, u.Status)).SingleOrDefaultAsync(ct);

        var source = PasswordThrottle.SourceOf(browser.Address);
        var mayTry = await throttle.TakeAsync(candidate?.User, source, ct);
        decoy ??= hashing.Hash("no such account, but the same work");
        var check = hashing.Check(mayTry.Taken && candidate is not null ? candidate.PasswordHash : decoy, password);
        if (past is { } connection && !await db.MayUsePasswordPastAsync(connection, candidate?.User ?? default, ct)) check = PasswordCheck.Wrong;
        if (candidate is null || !mayTry.Taken || check == PasswordCheck.Wrong) return await RefuseAsync(mayTry.Taken ? candidate?.User : null, SignInErrors.WrongCredentials, mayTry.Last, ct);
        if (candidate.Status != UserStatus.Active) return await RefuseAsync(candidate.User, SignInErrors.UserSuspended, false, ct);
        return await SucceedAsync(candidate, check == PasswordCheck.RightButOld ? hashing.Hash(password) : candidate.PasswordHash, source, browser, ct);
    }

    private Task<Result<SignedIn>> SucceedAsync(Candidate candidate, string newHash, string source, BrowserContext browser, CancellationToken ct) =>
        db.InTransactionAsync<SignedIn>(
            async () =>
            {
                var (user, checkedHash) = (candidate.User, candidate.PasswordHash);
                await throttle.ForgetAsync(user, source, ct); // first, as a try takes these rows in this order
                // The password that was checked must still be the password: it may have been changed while it was hashed.
                var still = await db.LocalCredentials.Where(c => c.UserId == user && c.PasswordHash == checkedHash)
                    .ExecuteUpdateAsync(set => set.SetProperty(c => c.FailedCount, 0).SetProperty(c => c.LockedUntil, (DateTimeOffset?)null).SetProperty(c => c.PasswordHash, newHash), ct);
                if (still == 0) return SignInErrors.WrongCredentials;
                events.RecordForInstance(EventTypes.SignInSucceeded, user.ToString(), new { method = "password" });
                var (session, token) = await sessions.ProveAsync(browser.Current, user, SessionProof.Password(clock.GetUtcNow()), browser.UserAgent, null, ct);
                return new SignedIn(session, token, null);
            }, ct);

    private Task<Error> RefuseAsync(Id<User>? user, Error error, bool last, CancellationToken ct) => refused.RecordAsync(user, "password", error, last ? PasswordThrottle.Window : null, ct);
}
