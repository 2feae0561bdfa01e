using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>Notes that somebody did not get in by a credential of this instance.</summary>
public sealed class RefusedSignIns(IdpDbContext db, EventLog events)
{
    /// <param name="user">Null writes the same and takes it back, so that a stranger can neither fill the log nor tell by the time whether there is an account.</param>
    /// <param name="closed">For how long nobody gets another try from there; null when they do.</param>
    /// <returns>The error.</returns>
    internal async Task<Error> RecordAsync(Id<User>? user, string method, Error error, TimeSpan? closed, CancellationToken ct)
    {
        await db.InTransactionAsync<bool>(
            async () =>
            {
                var target = (user ?? default).ToString();
                events.RecordForInstance(EventTypes.SignInRefused, target, new { method, code = error.Code });
                if (closed is { } window) events.RecordForInstance(EventTypes.PasswordLocked, target, new { minutes = (int)window.TotalMinutes });
                await db.SaveChangesAsync(ct);
                return user is null ? error : true;
            }, ct);
        return error;
    }
}
