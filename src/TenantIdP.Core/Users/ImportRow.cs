using System.Text.Json;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Users;

/// <param name="Verified">You vouch that the mailbox is this person's.</param>
public sealed record ImportEmail(string Address, bool Verified = false, bool Primary = false);

/// <param name="Hash">As the other program wrote it.</param>
/// <param name="Algorithm">Compared with what the hash says, when it is given.</param>
public sealed record ImportPasswordHash(string Hash, string? Algorithm = null)
{
    private static readonly Dictionary<string, PasswordAlgorithm[]> Algorithms = new(StringComparer.Ordinal)
    {
        ["bcrypt"] = [PasswordAlgorithm.Bcrypt], ["argon2id"] = [PasswordAlgorithm.Argon2id], ["pbkdf2"] = [PasswordAlgorithm.Pbkdf2Sha256, PasswordAlgorithm.Pbkdf2Sha512],
        ["aspnet_identity_v3"] = [PasswordAlgorithm.AspNetIdentity],
    };

    /// <summary>Whether it is one that we can check, and of the algorithm that is named.</summary>
    internal Result Check()
    {
        var parsed = ImportedPasswordHash.Parse(Hash);
        if (!parsed.IsOk) return parsed.Error;
        return Algorithm is { } named && !(Algorithms.TryGetValue(named, out var known) && known.Contains(parsed.Value.Algorithm)) ? ImportErrors.AlgorithmDiffers : Result.Ok;
    }
}

/// <summary>One of four says which organization; two or more are refused.</summary>
/// <param name="Organization">Its id, slug or your own id of it; refused when it fits two organizations. Its owner can change the slug: the other three say which of them is meant.</param>
/// <param name="Roles">Keys; without any, the role member.</param>
/// <param name="Status"><c>active</c>, or <c>deactivated</c> for a membership that is kept without access.</param>
public sealed record ImportMembership(string? Organization = null, IReadOnlyList<string>? Roles = null, string? Status = null)
{
    /// <summary>Never means another organization.</summary>
    public string? OrganizationId { get; init; }

    /// <summary>Your own id of it, which only an operator's app sets.</summary>
    public string? OrganizationExternalId { get; init; }

    /// <summary>As it is now: the organization's owners and admins may change it.</summary>
    public string? OrganizationSlug { get; init; }
}

/// <summary>One person, as another program knows them. What is left out stays as it is.</summary>
public sealed record ImportRow
{
    public const int MaxMemberships = 20;

    public string? ExternalId { get; init; }
    public IReadOnlyList<ImportEmail>? Emails { get; init; }

    /// <summary>In place of emails, for one.</summary>
    public string? Email { get; init; }

    public bool EmailVerified { get; init; }
    public string? Name { get; init; }
    public string? GivenName { get; init; }
    public string? FamilyName { get; init; }
    public string? Picture { get; init; }
    public string? PhoneNumber { get; init; }
    public string? Locale { get; init; }
    public string? ZoneInfo { get; init; }
    public JsonElement? Metadata { get; init; }
    public ImportPasswordHash? PasswordHash { get; init; }
    public IReadOnlyList<ImportMembership>? Memberships { get; init; }

    /// <summary>What can be said of the row without asking the store.</summary>
    internal Result<JudgedRow> Judge()
    {
        if (ExternalId is { } id && (id.Length is 0 or > User.MaxExternalIdLength || id.Any(char.IsControl))) return UserErrors.ExternalIdInvalid;
        var profile = new UserProfile { Name = Name, GivenName = GivenName, FamilyName = FamilyName, Picture = Picture, PhoneNumber = PhoneNumber, Locale = Locale, ZoneInfo = ZoneInfo }.Check();
        if (!profile.IsOk) return profile.Error;
        if (Metadata is { ValueKind: not JsonValueKind.Object }) return Kernel.Metadata.Invalid;
        if (Metadata is { } given && Kernel.Metadata.Empty.Merge(given) is { IsOk: false, Error: { } tooLarge }) return tooLarge;
        var emails = JudgeEmails();
        if (!emails.IsOk) return emails.Error;
        if (ExternalId is null && !emails.Value.Any(e => e.Verified)) return ImportErrors.Nobody;
        if (PasswordHash?.Check() is { IsOk: false, Error: { } badHash }) return badHash;
        var memberships = JudgeMemberships();
        return memberships.IsOk ? new JudgedRow(ExternalId, emails.Value, profile.Value, Metadata, PasswordHash?.Hash, memberships.Value) : memberships.Error;
    }

    private Result<List<JudgedEmail>> JudgeEmails()
    {
        if (Emails is not null && Email is not null) return UserErrors.EmailInvalid;
        var given = Emails ?? (Email is null ? [] : [new ImportEmail(Email, EmailVerified)]);
        if (given.Count > User.MaxEmails) return UserErrors.TooManyEmails;
        var emails = new List<JudgedEmail>(given.Count);
        foreach (var email in given)
        {
            if (email is null || !EmailAddress.TryParse(email.Address, out var address)) return UserErrors.EmailInvalid with { Field = "emails" };
            if (emails.Any(e => e.Address.Normalized == address.Normalized)) return UserErrors.EmailInvalid with { Message = "An address is given twice.", Field = "emails" };
            emails.Add(new JudgedEmail(address, email.Verified, email.Primary));
        }

        var primary = emails.Where(e => e.Primary).ToList();
        return primary.Count > 1 || (primary is [{ Verified: false }] && emails.Any(e => e.Verified)) ? ImportErrors.PrimaryInvalid : emails;
    }

    private Result<List<JudgedMembership>> JudgeMemberships()
    {
        var given = Memberships ?? [];
        if (given.Count > MaxMemberships) return ImportErrors.TooManyMemberships;
        var memberships = new List<JudgedMembership>(given.Count);
        foreach (var one in given)
        {
            if (one is null) return ImportErrors.OrganizationUnknown;
            var named = ImportPlaceName.Of(one);
            if (!named.IsOk) return named.Error;
            if (one.Status is not (null or "active" or "deactivated")) return ImportErrors.StatusInvalid;
            if (one.Roles is { Count: > 50 } || one.Roles?.Any(r => r is null) == true) return RoleErrors.Unknown;
            memberships.Add(new JudgedMembership(named.Value, [.. (one.Roles is { Count: > 0 } roles ? roles : [BuiltInRoles.Member]).Distinct(StringComparer.Ordinal)], one.Status == "deactivated"));
        }

        return memberships;
    }
}

internal sealed record JudgedEmail(EmailAddress Address, bool Verified, bool Primary);

internal sealed record JudgedMembership(ImportPlaceName Place, IReadOnlyList<string> Roles, bool Deactivated)
{
    public MembershipStatus Status => Deactivated ? MembershipStatus.Deactivated : MembershipStatus.Active;
}

internal sealed record JudgedRow(
    string? ExternalId, IReadOnlyList<JudgedEmail> Emails, UserProfile Profile, JsonElement? Metadata, string? PasswordHash, IReadOnlyList<JudgedMembership> Memberships)
{
    public IEnumerable<string> Verified => Emails.Where(e => e.Verified).Select(e => e.Address.Normalized);
}

public enum ImportStatus
{
    Created,
    Updated,
    Unchanged,
    Failed,
}

/// <param name="Members">In the order of the row's memberships.</param>
public sealed record ImportOutcome(ImportStatus Status, Id<User>? User, IReadOnlyList<Id<Membership>> Members, Error? Error)
{
    internal static ImportOutcome Failed(Error error) => new(ImportStatus.Failed, null, [], error);
}

/// <param name="ByEmail">A row may match an account by a verified address.</param>
/// <param name="DryRun">Nothing is kept.</param>
public sealed record ImportOptions(bool ByEmail, bool DryRun);
