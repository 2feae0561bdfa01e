using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Mail;
using TenantIdP.Core.Sessions;

namespace TenantIdP.Core.Users;

/// <summary>The ways in which a person signs in: identities at connections and the password of this instance. One always stays.</summary>
public sealed class UserCredentials(IdpDbContext db, EventLog events, IPasswordHashing hashing, SessionService sessions, MailWriter mails, TimeProvider clock)
{
    public async Task<Result<Page<UserIdentity>>> ListIdentitiesAsync(Id<User> id, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<UserIdentity>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        if (!await db.Users.AnyAsync(u => u.Id == id, ct)) return UserErrors.NotFound;
        var identities = db.UserIdentities.AsNoTracking().Where(i => i.UserId == id);
        if (after is { } last) identities = identities.Where(i => i.Id > last);
        return await identities.OrderBy(i => i.Id).TakePageAsync(page, i => i.Id.ToString(), ct);
    }

    /// <summary>Takes an identity away and ends every session that its connection has proven.</summary>
    public async Task<Result> UnlinkAsync(Id<User> id, Id<UserIdentity> identityId, CancellationToken ct)
    {
        var unlinked = await db.ChangeAsync<bool>(
            id, Saving.NoIndex, async user =>
            {
                var identities = await db.UserIdentities.Where(i => i.UserId == id).ToListAsync(ct);
                if (identities.SingleOrDefault(i => i.Id == identityId) is not { } identity) return UserErrors.IdentityNotFound;
                if (identities.Count == 1 && !await HasUsablePasswordAsync(user, ct)) return UserErrors.LastIdentity;

                // In the order in which a sign-in writes these rows, so that neither waits for the other.
                await sessions.EndProvenByAsync(id, identity.ConnectionId, ct);
                db.UserIdentities.Remove(identity);
                user.Touch(clock.GetUtcNow());
                events.RecordForInstance(EventTypes.IdentityUnlinked, id.ToString(), new { identityId, connectionId = identity.ConnectionId, organizationId = identity.OrganizationId }, new { subject = identity.Subject });

                // From here on a sign-in with this identity that was under way has finished, or finds it gone: one more session may have begun.
                await db.SaveChangesAsync(ct);
                await sessions.EndProvenByAsync(id, identity.ConnectionId, ct);
                return true;
            }, ct);
        return unlinked.IsOk ? Result.Ok : unlinked.Error;
    }

    /// <summary>Sets a password or replaces it, and ends every session: whoever knew the old one is out.</summary>
    public async Task<Result> SetPasswordAsync(Id<User> id, string password, CancellationToken ct)
    {
        if (UserService.CheckPassword(password) is { IsOk: false } wrong) return wrong;
        var hash = hashing.Hash(password); // slow, so before the lock
        var set = await db.ChangeAsync<bool>(
            id, Saving.NoIndex, async user =>
            {
                await ReplaceAsync(user, hash, "api", ct);
                return true;
            }, ct);
        return set.IsOk ? Result.Ok : set.Error;
    }

    /// <summary>In the caller's transaction, under the lock of the person, who is told when they had another one.</summary>
    internal async Task ReplaceAsync(User user, string hash, string by, CancellationToken ct)
    {
        var (id, now) = (user.Id, clock.GetUtcNow());
        await ForgetFailuresAsync(id, ct);
        await db.MailedCodes.Where(c => c.UserId == id && c.UsedAt == null).ExecuteDeleteAsync(ct);
        var credential = await db.LocalCredentials.SingleOrDefaultAsync(c => c.UserId == id, ct);
        if (credential is null) db.LocalCredentials.Add(LocalCredential.Create(id, hash, now));
        else credential.Change(hash, now);
        if (credential is not null && user.PrimaryEmail is { VerifiedAt: not null } primary && EmailAddress.TryParse(primary.Address, out var address))
            mails.Add(new NewMail(MailTemplate.PasswordChanged, address) { Locale = user.Locale, Values = new Dictionary<string, string> { ["time"] = MailText.Of(now) } });
        user.Touch(now);
        events.RecordForInstance(EventTypes.PasswordChanged, id.ToString(), new { by });
        await db.SaveChangesAsync(ct);
        await sessions.EndAllAsync(id, ct);
    }

    /// <summary>Takes the password away and ends every session that it has proven.</summary>
    public async Task<Result> RemovePasswordAsync(Id<User> id, CancellationToken ct)
    {
        var removed = await db.ChangeAsync<bool>(
            id, Saving.NoIndex, async user =>
            {
                await db.PasswordAttempts.Where(a => a.UserId == id).ExecuteDeleteAsync(ct); // in the order in which a try takes these rows
                if (await db.LocalCredentials.SingleOrDefaultAsync(c => c.UserId == id, ct) is not { } credential) return UserErrors.PasswordNotFound;
                if (!await db.UserIdentities.AnyAsync(i => i.UserId == id, ct)) return UserErrors.LastIdentity;
                db.LocalCredentials.Remove(credential);
                await db.MailedCodes.Where(c => c.UserId == id).ExecuteDeleteAsync(ct);
                user.Touch(clock.GetUtcNow());
                events.RecordForInstance(EventTypes.PasswordRemoved, id.ToString());
                await db.SaveChangesAsync(ct);
                await sessions.EndProvenByAsync(id, null, ct);
                return true;
            }, ct);
        return removed.IsOk ? Result.Ok : removed.Error;
    }

    /// <summary>Forgets the wrong passwords that were tried, from everywhere.</summary>
    public async Task<Result> UnlockAsync(Id<User> id, CancellationToken ct)
    {
        var unlocked = await db.ChangeAsync<bool>(
            id, Saving.NoIndex, async _ =>
            {
                if (!await db.LocalCredentials.AnyAsync(c => c.UserId == id, ct)) return UserErrors.PasswordNotFound;
                if (await ForgetFailuresAsync(id, ct)) events.RecordForInstance(EventTypes.PasswordUnlocked, id.ToString());
                return true;
            }, ct);
        return unlocked.IsOk ? Result.Ok : unlocked.Error;
    }

    private async Task<bool> ForgetFailuresAsync(Id<User> id, CancellationToken ct)
    {
        var attempts = await db.PasswordAttempts.Where(a => a.UserId == id).ExecuteDeleteAsync(ct);
        var counted = await db.LocalCredentials.Where(c => c.UserId == id && (c.FailedCount > 0 || c.LockedUntil != null))
            .ExecuteUpdateAsync(set => set.SetProperty(c => c.FailedCount, 0).SetProperty(c => c.LockedUntil, (DateTimeOffset?)null), ct);
        return attempts + counted > 0;
    }

    /// <summary>A password is asked for after a verified address, so that without one it lets nobody in.</summary>
    private async Task<bool> HasUsablePasswordAsync(User user, CancellationToken ct) =>
        user.Emails.Any(e => e.VerifiedAt is not null) && await db.LocalCredentials.AnyAsync(c => c.UserId == user.Id, ct);
}
