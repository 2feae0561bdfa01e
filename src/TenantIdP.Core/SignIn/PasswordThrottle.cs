using System.Net;
using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>
/// Counts tries before they are made: <see cref="MaxFailures"/> per account and network, <see cref="MaxFailuresOfAccount"/> per account. 200 guesses at once get that many
/// answers and not 200 (SECURITY.md B6); one guesser's network does not close the account for the person at another.
/// </summary>
public sealed class PasswordThrottle(IdpDbContext db, TimeProvider clock)
{
    public const int MaxFailures = 10;

    /// <summary>NIST SP 800-63B-4 section 3.2.2: no more than 100 consecutive failures.</summary>
    public const int MaxFailuresOfAccount = 100;

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    /// <param name="Taken">The password may be checked.</param>
    /// <param name="Last">Nobody from there gets another one, should this be wrong.</param>
    internal readonly record struct Try(bool Taken, bool Last);

    /// <summary>The same statements for an account that doesn't exist (null), which then touch no row.</summary>
    internal async Task<Try> TakeAsync(Id<User>? account, string source, CancellationToken ct)
    {
        var user = account ?? default;
        var taken = await db.InTransactionAsync<Try>(
            async () =>
            {
                var now = clock.GetUtcNow();
                DateTimeOffset? until = now + Window;
                await db.PasswordAttempts.Where(a => a.UserId == user && a.LockedUntil <= now).ExecuteDeleteAsync(ct);

                // Both stores know this form; of two first tries at once one inserts and the other counts on.
                await db.Database.ExecuteSqlAsync(
                    $"INSERT INTO password_attempts (user_id, source, failed_count) SELECT user_id, {source}, 0 FROM local_credentials WHERE user_id = {user.Value} ON CONFLICT (user_id, source) DO NOTHING", ct);
                var mine = await db.PasswordAttempts.Where(a => a.UserId == user && a.Source == source && a.FailedCount < MaxFailures)
                    .ExecuteUpdateAsync(set => set.SetProperty(a => a.FailedCount, a => a.FailedCount + 1).SetProperty(a => a.LockedUntil, until), ct);

                var counted = mine == 1 ? user : default;
                var all = await db.LocalCredentials.Where(c => c.UserId == counted && (c.FailedCount < MaxFailuresOfAccount || c.LockedUntil <= now))
                    .ExecuteUpdateAsync(set => set.SetProperty(c => c.FailedCount, c => c.LockedUntil <= now ? 1 : c.FailedCount + 1).SetProperty(c => c.LockedUntil, until), ct);
                var last = await db.LocalCredentials.AnyAsync(
                    c => c.UserId == counted && (c.FailedCount >= MaxFailuresOfAccount || db.PasswordAttempts.Any(a => a.UserId == counted && a.Source == source && a.FailedCount >= MaxFailures)), ct);
                return all == 1 ? new Try(true, last) : SignInErrors.WrongCredentials; // a refused try leaves nothing behind
            }, ct);
        return taken.IsOk ? taken.Value : default;
    }

    /// <summary>After the right password: what strangers did elsewhere stays counted against them.</summary>
    internal Task<int> ForgetAsync(Id<User> user, string source, CancellationToken ct) => db.PasswordAttempts.Where(a => a.UserId == user && a.Source == source).ExecuteDeleteAsync(ct);

    /// <summary>The network of an address: what one person gets from their provider, and a guesser can't change for every try.</summary>
    public static string SourceOf(IPAddress? address)
    {
        if (address is null) return "unknown";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        var (bytes, kept) = (address.GetAddressBytes(), address.AddressFamily == AddressFamily.InterNetwork ? 3 : 6);
        Array.Clear(bytes, kept, bytes.Length - kept);
        return $"{new IPAddress(bytes)}/{kept * 8}";
    }
}
