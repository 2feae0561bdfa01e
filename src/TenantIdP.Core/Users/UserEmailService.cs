using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Users;

/// <summary>A merge patch of one address.</summary>
public sealed record UserEmailChanges
{
    /// <summary>You vouch that the mailbox is this person's, or take it back.</summary>
    public Patch<bool> Verified { get; init; }

    /// <summary>True makes it the primary address in place of the one that is.</summary>
    public Patch<bool> Primary { get; init; }
}

/// <summary>The addresses of a person. One is primary, and a verified one where there is one; who has verified an address owns it in the whole instance.</summary>
public sealed class UserEmailService(IdpDbContext db, MembershipDomainRules domains, EventLog events, TimeProvider clock)
{
    private static readonly Dictionary<string, Error> Unique = new()
    {
        ["ux_user_emails_normalized"] = UserErrors.EmailTaken,
        ["ux_user_emails_user_id_normalized"] = UserErrors.EmailExists,
    };

    public async Task<Result<IReadOnlyList<UserEmail>>> ListAsync(Id<User> id, CancellationToken ct)
    {
        var user = await db.Users.AsNoTracking().Include(u => u.Emails).SingleOrDefaultAsync(u => u.Id == id, ct);
        return user is null ? UserErrors.NotFound : user.Emails.OrderBy(e => e.Id).ToList();
    }

    public Task<Result<UserEmail>> AddAsync(Id<User> id, string address, bool verified, CancellationToken ct)
    {
        if (!EmailAddress.TryParse(address, out var parsed)) return Task.FromResult<Result<UserEmail>>(UserErrors.EmailInvalid with { Field = "address" });
        return db.ChangeProfileAsync<UserEmail>(
            id, Unique, user =>
            {
                var added = user.AddNewEmail(parsed, verified, clock.GetUtcNow());
                if (added.IsOk) Record(EventTypes.UserEmailAdded, user, added.Value);
                return Task.FromResult(added);
            }, ct);
    }

    public Task<Result<UserEmail>> UpdateAsync(Id<User> id, Id<UserEmail> emailId, UserEmailChanges changes, CancellationToken ct) =>
        ChangeAsync(
            id, emailId, async (user, email) =>
            {
                var now = clock.GetUtcNow();
                if (changes.Verified.IsPresent && changes.Verified.Value != email.VerifiedAt is not null)
                {
                    user.VouchFor(email, changes.Verified.Value, now);
                    if (!changes.Verified.Value && await domains.CheckLossAsync(user, email.Domain, ct) is { IsOk: false } needed) return needed;
                    Record(changes.Verified.Value ? EventTypes.UserEmailVerified : EventTypes.UserEmailUnverified, user, email);
                }

                if (!changes.Primary.IsPresent || changes.Primary.Value == email.IsPrimary) return Result.Ok;
                if (!changes.Primary.Value) return UserErrors.PrimaryStays;
                var made = user.MakePrimary(email, now);
                if (made.IsOk) Record(EventTypes.UserPrimaryEmailChanged, user, email);
                return made;
            }, ct);

    /// <summary>Neither the primary address nor the only one.</summary>
    public async Task<Result> RemoveAsync(Id<User> id, Id<UserEmail> emailId, CancellationToken ct)
    {
        var removed = await ChangeAsync(
            id, emailId, async (user, email) =>
            {
                var wasVerified = email.VerifiedAt is not null;
                var done = user.RemoveEmail(email, clock.GetUtcNow());
                if (done.IsOk && wasVerified) done = await domains.CheckLossAsync(user, email.Domain, ct);
                if (done.IsOk) Record(EventTypes.UserEmailRemoved, user, email);
                return done;
            }, ct);
        return removed.IsOk ? Result.Ok : removed.Error;
    }

    private Task<Result<UserEmail>> ChangeAsync(Id<User> id, Id<UserEmail> emailId, Func<User, UserEmail, Task<Result>> change, CancellationToken ct) =>
        db.ChangeProfileAsync<UserEmail>(
            id, Unique, async user =>
            {
                if (user.Emails.FirstOrDefault(e => e.Id == emailId) is not { } email) return UserErrors.EmailNotFound;
                var changed = await change(user, email);
                return changed.IsOk ? email : changed.Error;
            }, ct);

    private void Record(string type, User user, UserEmail email) =>
        events.RecordForInstance(type, user.Id.ToString(), new { emailId = email.Id, verified = email.VerifiedAt is not null, primary = email.IsPrimary }, new { email = email.Address });
}
