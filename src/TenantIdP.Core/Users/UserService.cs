using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Sessions;

namespace TenantIdP.Core.Users;

/// <param name="Verified">The operator vouches that the mailbox is this person's.</param>
public sealed record NewUserEmail(string Address, bool Verified);

public sealed record NewUser(IReadOnlyList<NewUserEmail> Emails, string? Name = null, string? GivenName = null, string? FamilyName = null, string? Password = null)
{
    public string? Picture { get; init; }
    public string? PhoneNumber { get; init; }
    public string? Locale { get; init; }
    public string? ZoneInfo { get; init; }
    public string? ExternalId { get; init; }
    public JsonElement? Metadata { get; init; }

    internal UserProfile Profile => new()
    {
        Name = Name, GivenName = GivenName, FamilyName = FamilyName, Picture = Picture, PhoneNumber = PhoneNumber, Locale = Locale, ZoneInfo = ZoneInfo,
    };
}

/// <summary>A merge patch of a user.</summary>
public sealed record UserChanges
{
    public Patch<string> Name { get; init; }
    public Patch<string> GivenName { get; init; }
    public Patch<string> FamilyName { get; init; }

    /// <summary>An https address.</summary>
    public Patch<string> Picture { get; init; }

    /// <summary>E.164, such as +4930901820.</summary>
    public Patch<string> PhoneNumber { get; init; }

    /// <summary>A language tag, such as de-CH.</summary>
    public Patch<string> Locale { get; init; }

    /// <summary>A name of the tz database, such as Europe/Zurich.</summary>
    public Patch<string> ZoneInfo { get; init; }

    /// <summary>Your own id of this person.</summary>
    public Patch<string> ExternalId { get; init; }

    /// <summary>A merge patch of its own: null deletes a key, or all.</summary>
    public Patch<JsonElement> Metadata { get; init; }

    internal UserProfile Over(UserProfile current) => new()
    {
        Name = Name.Or(current.Name), GivenName = GivenName.Or(current.GivenName), FamilyName = FamilyName.Or(current.FamilyName), Picture = Picture.Or(current.Picture),
        PhoneNumber = PhoneNumber.Or(current.PhoneNumber), Locale = Locale.Or(current.Locale), ZoneInfo = ZoneInfo.Or(current.ZoneInfo),
    };
}

/// <summary>Each null member lets everybody through.</summary>
/// <param name="Email">Exactly this address, verified or not, in any case and either form of an international domain.</param>
/// <param name="Status">Without it, everybody who was neither merged nor erased.</param>
/// <param name="EmailPrefix">How one of their addresses begins, verified or not, in any case.</param>
public sealed record UserFilter(string? Email = null, string? ExternalId = null, UserStatus? Status = null, string? EmailPrefix = null);

/// <summary>What an operator does with people. Crosses organizations: a person is global.</summary>
public sealed class UserService(IdpDbContext db, EventLog events, IPasswordHashing hashing, SessionService sessions, TimeProvider clock)
{
    /// <summary>NIST SP 800-63B-4 section 3.1.1.2: 15 characters where the password is the only factor; long ones are allowed but bounded.</summary>
    public const int MinPasswordLength = 15;

    public const int MaxPasswordLength = 256;
    public const int MaxEmails = User.MaxEmails;

    private static readonly Dictionary<string, Error> Unique = new()
    {
        ["ux_user_emails_normalized"] = UserErrors.EmailTaken,
        ["ux_users_external_id"] = UserErrors.ExternalIdTaken,
    };

    /// <summary>Whether somebody may choose it.</summary>
    internal static Result CheckPassword(string password) => password.Length is < MinPasswordLength or > MaxPasswordLength ? UserErrors.PasswordTooShort : Result.Ok;

    public async Task<Result<User>> CreateAsync(NewUser wanted, CancellationToken ct)
    {
        if (wanted.Emails.Count > MaxEmails) return UserErrors.TooManyEmails;
        if (wanted.Password is { } password && CheckPassword(password) is { IsOk: false, Error: { } tooShort }) return tooShort;

        var now = clock.GetUtcNow();
        var user = User.Create(PersonName.None, now);
        if (Apply(user, wanted, now) is { IsOk: false, Error: { } refused }) return refused;

        db.Users.Add(user);
        if (wanted.Password is { } chosen) db.LocalCredentials.Add(LocalCredential.Create(user.Id, hashing.Hash(chosen), now));
        events.RecordForInstance(
            EventTypes.UserCreated, user.Id.ToString(), new { by = "api", password = wanted.Password is not null }, new { emails = user.Emails.Select(e => e.Address), name = user.Name });
        var saved = await db.TrySaveAsync(Unique, ct);
        return saved.IsOk ? user : saved.Error;
    }

    public async Task<Result<User>> FindAsync(Id<User> id, CancellationToken ct) =>
        await db.Users.AsNoTracking().Include(u => u.Emails).SingleOrDefaultAsync(u => u.Id == id, ct) is { } found ? found : UserErrors.NotFound;

    public async Task<Result<User>> FindByExternalIdAsync(string externalId, CancellationToken ct) =>
        await db.Users.AsNoTracking().Include(u => u.Emails).SingleOrDefaultAsync(u => u.ExternalId == externalId, ct) is { } found ? found : UserErrors.NotFound;

    public async Task<Result<Page<User>>> ListAsync(UserFilter filter, PageRequest page, CancellationToken ct)
    {
        var users = db.Users.AsNoTracking().Include(u => u.Emails).AsSplitQuery();
        if (filter.Email is not null)
        {
            if (!EmailAddress.TryParse(filter.Email, out var address)) return UserErrors.EmailInvalid;
            users = users.Where(u => db.UserEmails.Any(e => e.UserId == u.Id && e.Normalized == address.Normalized));
        }

        if (filter.ExternalId is { } externalId) users = users.Where(u => u.ExternalId == externalId);
        if (filter.EmailPrefix is { } prefix)
        {
            var (from, to) = TextKey.Range(prefix);
#pragma warning disable CA1309 // translated: the collation of the column compares, byte by byte
            users = users.Where(u => db.UserEmails.Where(e => string.Compare(e.Normalized, from) >= 0 && string.Compare(e.Normalized, to) < 0).Select(e => e.UserId).Contains(u.Id));
#pragma warning restore CA1309
        }

        users = filter.Status is { } status ? users.Where(u => u.Status == status) : users.Where(u => u.Status != UserStatus.Merged && u.Status != UserStatus.Erased);
        return await users.PageAsync(page, u => u.Id, ct);
    }

    public Task<Result<User>> UpdateAsync(Id<User> id, UserChanges changes, int? expectedVersion, CancellationToken ct) =>
        db.ChangeProfileAsync<User>(
            id, Unique, user =>
            {
                var seen = VersionErrors.Check(user, expectedVersion);
                return Task.FromResult(seen.IsOk ? Change(user, changes.Over(user.Profile), changes.ExternalId, changes.Metadata.IsPresent ? changes.Metadata.Value : null) : seen.Error);
            }, ct);

    /// <summary>
    /// Makes the person with this id of the application be so: created when there is none, otherwise the profile is replaced, metadata merged, and addresses added or vouched for;
    /// none is taken away. The same request again changes nothing.
    /// </summary>
    public async Task<Result<(User User, bool Created)>> UpsertAsync(string externalId, NewUser wanted, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            var found = await db.Users.Where(u => u.ExternalId == externalId).Select(u => (Id<User>?)u.Id).SingleOrDefaultAsync(ct);
            if (found is { } id)
            {
                var changed = await db.ChangeProfileAsync<User>(id, Unique, user => Task.FromResult(Replace(user, wanted)), ct);
                return changed.IsOk ? (changed.Value, false) : changed.Error;
            }

            var created = await CreateAsync(wanted with { ExternalId = externalId }, ct);
            if (created.IsOk) return (created.Value, true);
            // Of two first ones at once, the second finds what the first has made.
            if (created.Error.Code != UserErrors.ExternalIdTaken.Code || attempt == 3) return created.Error;
        }
    }

    /// <summary>Ends the person's sessions and grants everywhere. Refused while an organization would be left without an owner.</summary>
    public Task<Result<User>> SuspendAsync(Id<User> id, CancellationToken ct) =>
        db.InTransactionAsync<User>(
            async () =>
            {
                var locked = await db.LockWithOrganizationsAsync([id], ct);
                if (!locked.IsOk) return locked.Error;
                foreach (var organization in await db.OwnedByAsync(id, ct))
                {
                    if (!await db.HasAnotherOwnerAsync(organization, id, ct)) return MemberErrors.LastOwner;
                }

                var user = await db.Users.Include(u => u.Emails).SingleAsync(u => u.Id == id, ct);
                if (user.IsEnded) return UserErrors.Ended;
                if (user.Status == UserStatus.Suspended) return user;
                user.Suspend(clock.GetUtcNow());
                events.RecordForInstance(EventTypes.UserSuspended, id.ToString(), StatusChange(UserStatus.Active, UserStatus.Suspended));
                var saved = await db.TrySaveAsync(ct);
                if (!saved.IsOk) return saved.Error;
                await sessions.EndAllAsync(id, ct);
                return user;
            }, ct);

    public Task<Result<User>> ResumeAsync(Id<User> id, CancellationToken ct) =>
        db.ChangeAsync<User>(
            id, Unique, user =>
            {
                if (user.Status == UserStatus.Active) return Task.FromResult<Result<User>>(user);
                user.Resume(clock.GetUtcNow());
                events.RecordForInstance(EventTypes.UserResumed, id.ToString(), StatusChange(UserStatus.Suspended, UserStatus.Active));
                return Task.FromResult<Result<User>>(user);
            }, ct);

    private static object StatusChange(UserStatus before, UserStatus after) => EventLog.WithChanges(EventLog.FactsOf(new { status = before }), new { status = after });

    private static object PersonalFacts(User u) =>
        new { u.Profile.Name, u.Profile.GivenName, u.Profile.FamilyName, u.Profile.Picture, u.Profile.PhoneNumber, u.Profile.Locale, u.Profile.ZoneInfo, u.ExternalId };

    private Result<User> Change(User user, UserProfile wanted, Patch<string> externalId, JsonElement? metadata)
    {
        var profile = wanted.Check();
        if (!profile.IsOk) return profile.Error;
        var (now, changed, before) = (clock.GetUtcNow(), profile.Value.DifferencesTo(user.Profile).ToList(), EventLog.FactsOf(PersonalFacts(user)));
        if (changed.Count > 0) user.Change(profile.Value, now);
        if (externalId.IsPresent && externalId.Value != user.ExternalId)
        {
            if (user.ChangeExternalId(externalId.Value, now) is { IsOk: false, Error: { } invalid }) return invalid;
            changed.Add("externalId");
        }

        if (metadata is { } patch)
        {
            var merged = user.Metadata.Merge(patch);
            if (!merged.IsOk) return merged.Error;
            if (merged.Value != user.Metadata) changed.Add("metadata");
            if (merged.Value != user.Metadata) user.ChangeMetadata(merged.Value, now);
        }

        if (changed.Count > 0) events.RecordForInstance(EventTypes.UserUpdated, user.Id.ToString(), new { changed }, EventLog.WithChanges(before, PersonalFacts(user)));
        return user;
    }

    private Result<User> Replace(User user, NewUser wanted)
    {
        var changed = Change(user, wanted.Profile, default, wanted.Metadata);
        if (!changed.IsOk) return changed;
        var now = clock.GetUtcNow();
        foreach (var email in wanted.Emails)
        {
            if (!EmailAddress.TryParse(email.Address, out var address)) return UserErrors.EmailInvalid with { Field = "emails" };
            var known = user.Emails.FirstOrDefault(e => e.Normalized == address.Normalized);
            if (known is not null && (known.VerifiedAt is not null || !email.Verified)) continue;
            if (known is null && user.Emails.Count == MaxEmails) return UserErrors.TooManyEmails;
            var added = user.AddEmail(address, email.Verified, now);
            events.RecordForInstance(known is null ? EventTypes.UserEmailAdded : EventTypes.UserEmailVerified, user.Id.ToString(), new { emailId = added.Id, verified = email.Verified }, new { email = added.Address });
        }

        return user;
    }

    private static Result Apply(User user, NewUser wanted, DateTimeOffset now)
    {
        var profile = wanted.Profile.Check();
        if (!profile.IsOk) return profile.Error;
        user.Change(profile.Value, now);
        if (wanted.ExternalId is { } externalId && user.ChangeExternalId(externalId, now) is { IsOk: false } invalid) return invalid;
        if (wanted.Metadata is { } given)
        {
            var metadata = Metadata.Empty.Merge(given);
            if (!metadata.IsOk) return metadata.Error;
            user.ChangeMetadata(metadata.Value, now);
        }

        foreach (var email in wanted.Emails)
        {
            if (!EmailAddress.TryParse(email.Address, out var address)) return UserErrors.EmailInvalid with { Field = "emails" };
            user.AddEmail(address, email.Verified, now);
        }

        return Result.Ok;
    }
}
