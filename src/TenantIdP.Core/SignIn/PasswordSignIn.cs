using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>
/// Sign-in with a password of this instance. Unknown address, wrong password, locked account and unverified address give one and the same answer after the same work.
/// </summary>
public sealed class PasswordSignIn(IdpDbContext db, IPasswordHashing hashing, SessionService sessions, EventLog events, TimeProvider clock)
{
    /// <summary>Failures in a row before the account's password is closed for <see cref="LockFor"/>.</summary>
    public const int MaxFailures = 10;

    /// <summary>Longer input is refused before any hashing (SECURITY.md G5).</summary>
    public const int MaxPasswordLength = 256;

    public static readonly TimeSpan LockFor = TimeSpan.FromMinutes(15);

    // Hashed once per process, so that an unknown address costs the same as a known one.
    private static string? decoy;

    public async Task<Result<SignedIn>> TryAsync(EmailAddress email, string password, BrowserContext browser, CancellationToken ct)
    {
        if (password.Length is 0 or > MaxPasswordLength) return SignInErrors.WrongCredentials;

        var now = clock.GetUtcNow();
        var candidate = await (
            from e in db.UserEmails
            where e.Normalized == email.Normalized && e.VerifiedAt != null
            join u in db.Users on e.UserId equals u.Id
            join c in db.LocalCredentials on u.Id equals c.UserId
            select new { Credential = c, u.Status }).SingleOrDefaultAsync(ct);

        // Take one of the remaining tries first, in one conditional statement: 200 guesses at once get MaxFailures answers, not 200 (SECURITY.md B6).
        var mayTry = candidate is not null && await TakeTryAsync(candidate.Credential.UserId, now, ct);
        decoy ??= hashing.Hash("no such account, but the same work");
        var check = hashing.Check(mayTry && candidate is not null ? candidate.Credential.PasswordHash : decoy, password);
        if (!mayTry || candidate is null || check == PasswordCheck.Wrong) return SignInErrors.WrongCredentials;
        if (candidate.Status != UserStatus.Active) return SignInErrors.UserSuspended;

        return await db.InTransactionAsync<SignedIn>(
            async () =>
            {
                await db.LocalCredentials.Where(c => c.UserId == candidate.Credential.UserId)
                    .ExecuteUpdateAsync(set => set.SetProperty(c => c.FailedCount, 0).SetProperty(c => c.LockedUntil, (DateTimeOffset?)null), ct);
                if (check == PasswordCheck.RightButOld) candidate.Credential.Rehash(hashing.Hash(password));
                events.RecordForInstance(EventTypes.SignInSucceeded, candidate.Credential.UserId.ToString(), new { method = "password" });
                var (session, token) = await sessions.ProveAsync(browser.Current, candidate.Credential.UserId, SessionProof.Password(clock.GetUtcNow()), browser.UserAgent, ct);
                return new SignedIn(session, token, null);
            }, ct);
    }

    private async Task<bool> TakeTryAsync(Id<User> user, DateTimeOffset now, CancellationToken ct)
    {
        var locked = now + LockFor;
        var taken = await db.LocalCredentials
            .Where(c => c.UserId == user && c.FailedCount < MaxFailures)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.FailedCount, c => c.FailedCount + 1).SetProperty(c => c.LockedUntil, locked), ct);
        if (taken == 1) return true;

        // The lock has run out: one caller opens it again and takes the first try.
        var reopened = await db.LocalCredentials
            .Where(c => c.UserId == user && c.FailedCount >= MaxFailures && c.LockedUntil <= now)
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.FailedCount, 1).SetProperty(c => c.LockedUntil, locked), ct);
        return reopened == 1;
    }
}
