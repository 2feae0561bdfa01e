using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Users;

/// <summary>
/// Serialises, on every store, the changes of one person whose rules span several rows: the last way to sign in, one primary address, a merge. Whoever locks organizations,
/// too, locks them first. Crosses organizations for the people that are locked.
/// </summary>
internal static class UserLock
{
    /// <returns>False when there is no such user.</returns>
    public static async Task<bool> LockAsync(this IdpDbContext db, Id<User> user, CancellationToken ct) =>
        await db.Users.Where(u => u.Id == user).ExecuteUpdateAsync(set => set.SetProperty(u => u.AccessRevision, u => u.AccessRevision + 1), ct) == 1;

    /// <summary>
    /// Locks everybody who is in the organization, for a rule about all of them that a join elsewhere could break. After the lock of the organization, which keeps others from
    /// joining it.
    /// </summary>
    public static Task LockMembersAsync(this IdpDbContext db, Id<Organization> organization, CancellationToken ct)
    {
        var members = db.Memberships.Where(m => m.OrganizationId == organization && (m.Status == MembershipStatus.Active || m.Status == MembershipStatus.Pending)).Select(m => m.UserId);
        return db.Users.Where(u => members.Contains(u.Id)).ExecuteUpdateAsync(set => set.SetProperty(u => u.AccessRevision, u => u.AccessRevision + 1), ct);
    }

    /// <summary>One change of one person under their lock, saved; refused for one who was merged or erased.</summary>
    public static Task<Result<T>> ChangeAsync<T>(this IdpDbContext db, Id<User> id, IReadOnlyDictionary<string, Error> unique, Func<User, Task<Result<T>>> change, CancellationToken ct) where T : notnull =>
        db.InTransactionAsync<T>(
            async () =>
            {
                if (!await db.LockAsync(id, ct)) return UserErrors.NotFound;
                var user = await db.Users.Include(u => u.Emails).SingleAsync(u => u.Id == id, ct);
                if (user.IsEnded) return UserErrors.Ended;
                var changed = await change(user);
                if (!changed.IsOk) return changed;
                var saved = await db.TrySaveAsync(unique, ct);
                return saved.IsOk ? changed : saved.Error;
            }, ct);

    /// <summary>
    /// A change of a whole person, in one transaction. Sign-ins take no lock: when one has changed a row between its being read and written here, or has joined the person to one
    /// more organization, the change starts again.
    /// </summary>
    public static async Task<Result<T>> AttemptAsync<T>(this IdpDbContext db, Func<Task<Result<T>>> once, CancellationToken ct) where T : notnull
    {
        for (var attempt = 1; ; attempt++)
        {
            Result<T> result;
            try
            {
                result = await db.InTransactionAsync(once, ct);
            }
            catch (DbUpdateConcurrencyException)
            {
                result = VersionErrors.ChangedMeanwhile;
            }

            if (result.Error != VersionErrors.ChangedMeanwhile || attempt == 5) return result;
            db.ChangeTracker.Clear();
        }
    }

    /// <summary>Locks all organizations these people are in, then the people, each always in the same order.</summary>
    /// <returns>The organizations.</returns>
    public static async Task<Result<IReadOnlyList<Id<Organization>>>> LockWithOrganizationsAsync(this IdpDbContext db, IReadOnlyList<Id<User>> users, CancellationToken ct)
    {
        var organizations = await OrganizationsAsync(db, users, ct);
        foreach (var organization in organizations) await db.LockAsync(organization, ct);
        foreach (var user in users.Order())
        {
            if (!await db.LockAsync(user, ct)) return UserErrors.NotFound;
        }

        // One they joined between the first statement and their lock is not locked; from here on only a sign-in of their own adds them to another.
        return (await OrganizationsAsync(db, users, ct)).Except(organizations).Any() ? VersionErrors.ChangedMeanwhile : organizations;
    }

    /// <summary>Whether a sign-in has joined the person to an organization that was not locked.</summary>
    public static Task<bool> HasMembershipsAsync(this IdpDbContext db, Id<User> user, CancellationToken ct) =>
        db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AnyAsync(m => m.UserId == user, ct);

    private static Task<List<Id<Organization>>> OrganizationsAsync(IdpDbContext db, IReadOnlyList<Id<User>> users, CancellationToken ct) =>
        db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(m => users.Contains(m.UserId)).Select(m => m.OrganizationId).Distinct().OrderBy(id => id).ToListAsync(ct);
}
