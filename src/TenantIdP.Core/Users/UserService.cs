using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Core.Users;

/// <param name="Verified">The operator vouches that the mailbox is this person's.</param>
public sealed record NewUserEmail(string Address, bool Verified);

public sealed record NewUser(IReadOnlyList<NewUserEmail> Emails, string? Name = null, string? GivenName = null, string? FamilyName = null, string? Password = null);

/// <summary>A merge patch of a user.</summary>
public sealed record UserChanges
{
    public Patch<string> Name { get; init; }
    public Patch<string> GivenName { get; init; }
    public Patch<string> FamilyName { get; init; }
}

/// <summary>What an operator does with people. Crosses organizations: a person is global.</summary>
public sealed class UserService(IdpDbContext db, EventLog events, IPasswordHashing hashing, IGrantRevoker grants, TimeProvider clock)
{
    /// <summary>NIST SP 800-63B-4 section 3.1.1.2: 15 characters where the password is the only factor; long ones are allowed but bounded.</summary>
    public const int MinPasswordLength = 15;

    public const int MaxPasswordLength = 256;
    public const int MaxEmails = 20;

    private static readonly Dictionary<string, Error> Unique = new() { ["ux_user_emails_normalized"] = UserErrors.EmailTaken };

    public async Task<Result<User>> CreateAsync(NewUser wanted, CancellationToken ct)
    {
        if (wanted.Emails.Count > MaxEmails) return UserErrors.TooManyEmails;
        if (wanted.Password is { } password && password.Length is < MinPasswordLength or > MaxPasswordLength) return UserErrors.PasswordTooShort;
        var name = CheckName(wanted.Name, wanted.GivenName, wanted.FamilyName);
        if (!name.IsOk) return name.Error;

        var now = clock.GetUtcNow();
        var user = User.Create(name.Value, now);
        foreach (var email in wanted.Emails)
        {
            if (!EmailAddress.TryParse(email.Address, out var address)) return UserErrors.EmailInvalid with { Field = "emails" };
            user.AddEmail(address, email.Verified, now);
        }

        db.Users.Add(user);
        if (wanted.Password is { } chosen) db.LocalCredentials.Add(LocalCredential.Create(user.Id, hashing.Hash(chosen), now));
        events.RecordForInstance(
            EventTypes.UserCreated, user.Id.ToString(), new { by = "api", password = wanted.Password is not null }, new { emails = user.Emails.Select(e => e.Address), name = user.Name });
        var saved = await db.TrySaveAsync(Unique, ct);
        return saved.IsOk ? user : saved.Error;
    }

    public async Task<Result<User>> FindAsync(Id<User> id, CancellationToken ct) =>
        await db.Users.AsNoTracking().Include(u => u.Emails).SingleOrDefaultAsync(u => u.Id == id, ct) is { } found ? found : UserErrors.NotFound;

    /// <param name="email">Only people who have exactly this address, verified or not; null lists all.</param>
    public async Task<Result<Page<User>>> ListAsync(string? email, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<User>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        var users = db.Users.AsNoTracking().Include(u => u.Emails).AsSplitQuery();
        if (email is not null)
        {
            if (!EmailAddress.TryParse(email, out var address)) return UserErrors.EmailInvalid;
            users = users.Where(u => db.UserEmails.Any(e => e.UserId == u.Id && e.Normalized == address.Normalized));
        }

        if (after is { } id) users = users.Where(u => u.Id > id);
        return await users.OrderBy(u => u.Id).TakePageAsync(page, u => u.Id.ToString(), ct);
    }

    public async Task<Result<User>> UpdateAsync(Id<User> id, UserChanges changes, int? expectedVersion, CancellationToken ct)
    {
        var user = await db.Users.Include(u => u.Emails).SingleOrDefaultAsync(u => u.Id == id, ct);
        if (user is null) return UserErrors.NotFound;
        var seen = VersionErrors.Check(user, expectedVersion);
        if (!seen.IsOk) return seen.Error;
        var name = CheckName(changes.Name.Or(user.Name), changes.GivenName.Or(user.GivenName), changes.FamilyName.Or(user.FamilyName));
        if (!name.IsOk) return name.Error;
        user.Change(user.Profile with { Name = name.Value.Display, GivenName = name.Value.Given, FamilyName = name.Value.Family }, clock.GetUtcNow());
        events.RecordForInstance(EventTypes.UserUpdated, id.ToString(), new { changed = "name" }, new { name = user.Name, givenName = user.GivenName, familyName = user.FamilyName });
        var saved = await db.TrySaveAsync(ct);
        return saved.IsOk ? user : saved.Error;
    }

    /// <summary>Ends the person's sessions and grants everywhere. Refused while an organization would be left without an owner.</summary>
    public Task<Result<User>> SuspendAsync(Id<User> id, CancellationToken ct) =>
        db.InTransactionAsync<User>(
            async () =>
            {
                foreach (var organization in await db.OwnedByAsync(id, ct))
                {
                    await db.LockAsync(organization, ct);
                    if (!await db.HasAnotherOwnerAsync(organization, id, ct)) return MemberErrors.LastOwner;
                }

                var user = await db.Users.Include(u => u.Emails).SingleOrDefaultAsync(u => u.Id == id, ct);
                if (user is null) return UserErrors.NotFound;
                if (user.Status == UserStatus.Suspended) return user;
                var now = clock.GetUtcNow();
                user.Suspend(now);
                await db.Sessions.Where(s => s.UserId == id && s.EndedAt == null).ExecuteUpdateAsync(set => set.SetProperty(s => s.EndedAt, now), ct);
                events.RecordForInstance(EventTypes.UserSuspended, id.ToString());
                var saved = await db.TrySaveAsync(ct);
                if (!saved.IsOk) return saved.Error;
                await grants.EndUserAsync(id, ct);
                return user;
            }, ct);

    public async Task<Result<User>> ResumeAsync(Id<User> id, CancellationToken ct)
    {
        var user = await db.Users.Include(u => u.Emails).SingleOrDefaultAsync(u => u.Id == id, ct);
        if (user is null) return UserErrors.NotFound;
        if (user.Status == UserStatus.Active) return user;
        user.Resume(clock.GetUtcNow());
        events.RecordForInstance(EventTypes.UserResumed, id.ToString());
        var saved = await db.TrySaveAsync(ct);
        return saved.IsOk ? user : saved.Error;
    }

    private static Result<PersonName> CheckName(string? display, string? given, string? family)
    {
        foreach (var (text, field) in new[] { (display, "name"), (given, "givenName"), (family, "familyName") })
        {
            if (text is not null && DisplayName.Check(text, field) is { IsOk: false, Error: { } error }) return error;
        }

        return PersonName.Cleaned(display, given, family);
    }
}
