using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Sessions;

/// <summary>The sessions of one person, as somebody else sees and ends them.</summary>
public sealed class UserSessions(IdpDbContext db, SessionService sessions, EventLog events)
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "session_not_found", "The user has no such session.");

    /// <summary>Those that were not ended, the newest first; one whose time is up may still carry grants.</summary>
    public async Task<Result<Page<Session>>> ListAsync(Id<User> user, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<Session>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        if (!await db.Users.AnyAsync(u => u.Id == user, ct)) return UserErrors.NotFound;
        var found = db.Sessions.AsNoTracking().Where(s => s.UserId == user && s.EndedAt == null);
        if (after is { } id) found = found.Where(s => s.Id < id);
        return await found.OrderByDescending(s => s.Id).TakePageAsync(page, s => s.Id.ToString(), ct);
    }

    public async Task<Result> EndAsync(Id<User> user, Id<Session> id, CancellationToken ct)
    {
        if (await db.Sessions.SingleOrDefaultAsync(s => s.Id == id && s.UserId == user, ct) is not { } session) return NotFound;
        await sessions.EndAsync(session, ct);
        return Result.Ok;
    }

    public async Task<Result> EndAllAsync(Id<User> user, CancellationToken ct)
    {
        var ended = await db.InTransactionAsync<int>(
            async () =>
            {
                if (!await db.Users.AnyAsync(u => u.Id == user, ct)) return UserErrors.NotFound;
                var count = await sessions.EndAllAsync(user, ct);
                events.RecordForInstance(EventTypes.UserSessionsEnded, user.ToString(), new { count });
                await db.SaveChangesAsync(ct);
                return count;
            }, ct);
        return ended.IsOk ? Result.Ok : ended.Error;
    }
}
