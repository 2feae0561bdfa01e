using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Users;

public enum UserStatus
{
    Active,
    Suspended,

    /// <summary>Became another account; its id is refused for ever and never given again.</summary>
    Merged,

    /// <summary>Only the id is left, so that events that speak of it keep their meaning.</summary>
    Erased,
}

/// <summary>One human, global to the instance. Emails prove nothing until verified; at most one is primary.</summary>
public sealed class User : IHasIdPrefix, IVersioned
{
    public const int MaxExternalIdLength = 200;
    public const int MaxEmails = 20;

    private readonly List<UserEmail> emails = [];

    private User(Id<User> id, DateTimeOffset createdAt) => (Id, CreatedAt, UpdatedAt) = (id, createdAt, createdAt);

    public static string IdPrefix => "usr";

    public Id<User> Id { get; private set; }

    /// <summary>The application's own id of this person, unique in the instance.</summary>
    public string? ExternalId { get; private set; }

    public string? Name { get; private set; }
    public string? GivenName { get; private set; }
    public string? FamilyName { get; private set; }
    public string? Picture { get; private set; }
    public string? PhoneNumber { get; private set; }
    public string? Locale { get; private set; }
    public string? ZoneInfo { get; private set; }
    public Metadata Metadata { get; private set; } = Metadata.Empty;
    public UserStatus Status { get; private set; }

    /// <summary>The account that this one became.</summary>
    public Id<User>? MergedInto { get; private set; }

    /// <summary>An operator of the instance. Never linked by email.</summary>
    public bool IsOperator { get; private set; }

    /// <summary>The organization whose SSO or directory made this account, if one did.</summary>
    public Id<Organization>? CreatedByOrganization { get; private set; }

    /// <summary>Counts the changes of what admits this person that must not race: updated first in a transaction, it is the lock on both stores.</summary>
    public int AccessRevision { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }
    public int Version { get; private set; }

    /// <summary>Merged or erased: a tombstone that nothing changes any more.</summary>
    public bool IsEnded => Status is UserStatus.Merged or UserStatus.Erased;

    public UserProfile Profile => new()
    {
        Name = Name, GivenName = GivenName, FamilyName = FamilyName, Picture = Picture, PhoneNumber = PhoneNumber, Locale = Locale, ZoneInfo = ZoneInfo,
    };

    public IReadOnlyList<UserEmail> Emails => emails;

    public UserEmail? PrimaryEmail => emails.FirstOrDefault(e => e.IsPrimary);

    public static User Create(PersonName name, DateTimeOffset now, Id<Organization>? by = null) =>
        new(Id<User>.New(now), now) { Name = name.Display, GivenName = name.Given, FamilyName = name.Family, CreatedByOrganization = by };

    /// <param name="checkedProfile">Passed <see cref="UserProfile.Check"/>.</param>
    public void Change(UserProfile checkedProfile, DateTimeOffset now)
    {
        (Name, GivenName, FamilyName, Picture) = (checkedProfile.Name, checkedProfile.GivenName, checkedProfile.FamilyName, checkedProfile.Picture);
        (PhoneNumber, Locale, ZoneInfo, UpdatedAt) = (checkedProfile.PhoneNumber, checkedProfile.Locale, checkedProfile.ZoneInfo, now);
    }

    public Result ChangeExternalId(string? externalId, DateTimeOffset now)
    {
        if (externalId is not null && (externalId.Length is 0 or > MaxExternalIdLength || externalId.Any(char.IsControl))) return UserErrors.ExternalIdInvalid;
        (ExternalId, UpdatedAt) = (externalId, now);
        return Result.Ok;
    }

    public void ChangeMetadata(Metadata metadata, DateTimeOffset now) => (Metadata, UpdatedAt) = (metadata, now);

    /// <summary>The first verified address becomes primary; an unverified one never does while a verified one exists.</summary>
    public UserEmail AddEmail(EmailAddress address, bool verified, DateTimeOffset now)
    {
        var email = emails.FirstOrDefault(e => e.Normalized == address.Normalized);
        if (email is null)
        {
            email = new UserEmail(Id<UserEmail>.New(now), Id, address.Value, address.Normalized, address.Domain, now);
            emails.Add(email);
        }

        if (verified) email.MarkVerified(now);
        if (PrimaryEmail is null || (email.VerifiedAt is not null && PrimaryEmail.VerifiedAt is null)) SetPrimary(email);
        UpdatedAt = now;
        return email;
    }

    public Result<UserEmail> AddNewEmail(EmailAddress address, bool verified, DateTimeOffset now)
    {
        if (emails.Any(e => e.Normalized == address.Normalized)) return UserErrors.EmailExists;
        return emails.Count >= MaxEmails ? UserErrors.TooManyEmails : AddEmail(address, verified, now);
    }

    /// <summary>Somebody vouches for the address, or takes the word back; then a verified one is primary, where there is one.</summary>
    public void VouchFor(UserEmail email, bool verified, DateTimeOffset now)
    {
        if (verified) email.MarkVerified(now);
        else email.MarkUnverified();
        if (PrimaryEmail is not { VerifiedAt: not null } && (verified ? email : emails.FirstOrDefault(e => e.VerifiedAt is not null)) is { } better) SetPrimary(better);
        UpdatedAt = now;
    }

    public Result MakePrimary(UserEmail email, DateTimeOffset now)
    {
        if (email.VerifiedAt is null && emails.Any(e => e.VerifiedAt is not null)) return UserErrors.EmailNotVerified;
        SetPrimary(email);
        UpdatedAt = now;
        return Result.Ok;
    }

    public Result RemoveEmail(UserEmail email, DateTimeOffset now)
    {
        if (emails.Count == 1) return UserErrors.LastEmail;
        if (email.IsPrimary) return UserErrors.PrimaryEmail;
        emails.Remove(email);
        UpdatedAt = now;
        return Result.Ok;
    }

    /// <summary>Takes over an address of an account that ends; the other one must have lost it in the store already.</summary>
    internal void Adopt(UserEmail other, DateTimeOffset now)
    {
        if (emails.FirstOrDefault(e => e.Normalized == other.Normalized) is not { } mine) emails.Add(mine = other.CopyFor(Id, now));
        else if (other.VerifiedAt is { } since) mine.MarkVerified(since);
        if (PrimaryEmail is null || (mine.VerifiedAt is not null && PrimaryEmail.VerifiedAt is null)) SetPrimary(mine);
        UpdatedAt = now;
    }

    /// <summary>Something else that belongs to this person has changed.</summary>
    public void Touch(DateTimeOffset now) => UpdatedAt = now;

    public void MergeInto(Id<User> survivor, DateTimeOffset now)
    {
        Forget(now);
        (Status, MergedInto) = (UserStatus.Merged, survivor);
    }

    public void Erase(DateTimeOffset now)
    {
        Forget(now);
        Status = UserStatus.Erased;
    }

    private void Forget(DateTimeOffset now)
    {
        emails.Clear();
        Change(new UserProfile(), now);
        (ExternalId, Metadata, IsOperator) = (null, Metadata.Empty, false);
    }

    private void SetPrimary(UserEmail email)
    {
        foreach (var other in emails) other.IsPrimary = false;
        email.IsPrimary = true;
    }

    public void Suspend(DateTimeOffset now) => (Status, UpdatedAt) = (UserStatus.Suspended, now);

    public void Resume(DateTimeOffset now) => (Status, UpdatedAt) = (UserStatus.Active, now);

    public void MakeOperator(DateTimeOffset now) => (IsOperator, UpdatedAt) = (true, now);
}

/// <summary>An address of a user. Verified ones are unique in the instance; unverified ones route nothing, link nothing and sign nobody in.</summary>
public sealed class UserEmail : IHasIdPrefix
{
    internal UserEmail(Id<UserEmail> id, Id<User> userId, string address, string normalized, HostName domain, DateTimeOffset addedAt) =>
        (Id, UserId, Address, Normalized, Domain, AddedAt) = (id, userId, address, normalized, domain, addedAt);

    public static string IdPrefix => "eml";

    public Id<UserEmail> Id { get; private set; }
    public Id<User> UserId { get; private set; }
    public string Address { get; private set; }
    public string Normalized { get; private set; }
    public HostName Domain { get; private set; }
    public bool IsPrimary { get; internal set; }
    public DateTimeOffset AddedAt { get; private set; }
    public DateTimeOffset? VerifiedAt { get; private set; }

    internal void MarkVerified(DateTimeOffset now) => VerifiedAt ??= now;

    internal void MarkUnverified() => VerifiedAt = null;

    internal UserEmail CopyFor(Id<User> user, DateTimeOffset now) => new(Id<UserEmail>.New(now), user, Address, Normalized, Domain, AddedAt) { VerifiedAt = VerifiedAt };
}

/// <summary>One way a human proves who they are at a connection: the key is (connection, issuer, subject), never an email.</summary>
public sealed class UserIdentity : IHasIdPrefix
{
    /// <summary>OpenID Connect Core section 2 limits <c>sub</c> to 255 ASCII characters.</summary>
    public const int MaxSubjectLength = 255;

    private UserIdentity(Id<UserIdentity> id, Id<User> userId, Id<Organization> organizationId, Id<Connection> connectionId, string issuer, string subject, string linkedBy, DateTimeOffset linkedAt) =>
        (Id, UserId, OrganizationId, ConnectionId, Issuer, Subject, LinkedBy, LinkedAt, LastUsedAt) = (id, userId, organizationId, connectionId, issuer, subject, linkedBy, linkedAt, linkedAt);

    public static string IdPrefix => "idn";

    public Id<UserIdentity> Id { get; private set; }
    public Id<User> UserId { get; private set; }

    /// <summary>The organization of the connection.</summary>
    public Id<Organization> OrganizationId { get; private set; }

    public Id<Connection> ConnectionId { get; private set; }
    public string Issuer { get; private set; }
    public string Subject { get; private set; }

    internal const string ByVerifiedDomain = "verified_domain";
    internal const string ByDirectory = "directory";

    /// <summary>Why this identity belongs to this user: <c>created</c>, <c>verified_domain</c>, <c>directory</c> (it had made the account) or <c>proven</c> (the old credential was shown once).</summary>
    public string LinkedBy { get; private set; }

    public DateTimeOffset LinkedAt { get; private set; }
    public DateTimeOffset LastUsedAt { get; private set; }

    public static UserIdentity Link(Id<User> user, Connection connection, string issuer, string subject, string linkedBy, DateTimeOffset now) =>
        new(Id<UserIdentity>.New(now), user, connection.OrganizationId, connection.Id, issuer, subject, linkedBy, now);

    public void Used(DateTimeOffset now) => LastUsedAt = now;

    public void MoveTo(Id<User> user) => UserId = user;
}

/// <summary>A local password and its lock-out counter. The hash is made and checked by ASP.NET Core Identity's hasher.</summary>
public sealed class LocalCredential
{
    private LocalCredential(Id<User> userId, string passwordHash, DateTimeOffset changedAt) => (UserId, PasswordHash, ChangedAt) = (userId, passwordHash, changedAt);

    public Id<User> UserId { get; private set; }
    public string PasswordHash { get; private set; }
    public DateTimeOffset ChangedAt { get; private set; }

    /// <summary>Failed tries since the last success or lock. Counted by one conditional statement, so that parallel guesses can't slip through.</summary>
    public int FailedCount { get; private set; }

    public DateTimeOffset? LockedUntil { get; private set; }

    public static LocalCredential Create(Id<User> user, string passwordHash, DateTimeOffset now) => new(user, passwordHash, now);

    public void Change(string passwordHash, DateTimeOffset now) => (PasswordHash, ChangedAt, FailedCount, LockedUntil) = (passwordHash, now, 0, null);

    /// <summary>Same password, newer hash parameters.</summary>
    public void Rehash(string passwordHash) => PasswordHash = passwordHash;
}
