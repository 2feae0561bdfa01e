using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Users;

/// <summary>The people that some rows may be about, read in a few statements for all of them.</summary>
internal sealed class ImportFacts
{
    private readonly List<User> users;
    private readonly HashSet<Id<User>> withPassword;

    private ImportFacts(List<User> users, HashSet<Id<User>> withPassword) => (this.users, this.withPassword) = (users, withPassword);

    public static async Task<ImportFacts> ReadAsync(IdpDbContext db, IReadOnlyList<JudgedRow> rows, CancellationToken ct)
    {
        var addresses = rows.SelectMany(r => r.Verified).Distinct().ToList();
        var externalIds = rows.Select(r => r.ExternalId).OfType<string>().Distinct().ToList();
        var owners = addresses.Count == 0 ? [] : await db.UserEmails.Where(e => addresses.Contains(e.Normalized) && e.VerifiedAt != null).Select(e => e.UserId).Distinct().ToListAsync(ct);
        var users = await db.Users.AsNoTracking().Include(u => u.Emails).Where(u => (u.ExternalId != null && externalIds.Contains(u.ExternalId)) || owners.Contains(u.Id)).ToListAsync(ct);
        var ids = users.Select(u => u.Id).ToList();
        var withPassword = ids.Count == 0 ? [] : await db.LocalCredentials.Where(c => ids.Contains(c.UserId)).Select(c => c.UserId).ToListAsync(ct);
        return new ImportFacts(users, [.. withPassword]);
    }

    /// <summary>Who the row is about; null: somebody new.</summary>
    public Result<Match> Find(JudgedRow row, ImportOptions options)
    {
        var known = row.ExternalId is null ? null : users.Find(u => u.ExternalId == row.ExternalId);
        var owners = users.Where(u => u.Emails.Any(e => e.VerifiedAt is not null && row.Verified.Contains(e.Normalized))).ToList();
        if (known is not null) return owners.Any(o => o.Id != known.Id) ? UserErrors.EmailTaken with { Field = "emails" } : new Match(known);
        if (owners.Count == 0) return new Match(null);
        if (!options.ByEmail) return ImportErrors.MatchesByEmail;
        if (owners.Count > 1) return ImportErrors.Ambiguous;
        // Two external ids are two people, and an operator is never found by an address.
        return owners[0].IsOperator || (row.ExternalId is not null && owners[0].ExternalId is not null) ? UserErrors.EmailTaken with { Field = "emails" } : new Match(owners[0]);
    }

    public bool HasPassword(Id<User> user) => withPassword.Contains(user);

    /// <summary>Whether the account is already what the row says; its memberships are another matter.</summary>
    public bool Stands(User user, JudgedRow row) =>
        (row.ExternalId is null || row.ExternalId == user.ExternalId) && Over(row.Profile, user.Profile) == user.Profile && (row.PasswordHash is null || HasPassword(user.Id))
        && (row.Metadata is not { } patch || user.Metadata.Merge(patch) is { IsOk: true, Value: { } merged } && merged == user.Metadata)
        && row.Emails.All(e => user.Emails.Any(x => x.Normalized == e.Address.Normalized && (x.VerifiedAt is not null || !e.Verified) && (x.IsPrimary || !e.Primary)));

    /// <summary>Whether the membership is already what the row says.</summary>
    public static bool Stands(Membership membership, JudgedMembership wanted, IEnumerable<Role> roles) =>
        membership.Status == wanted.Status && roles.All(role => membership.Roles.Any(r => r.RoleId == role.Id));

    /// <summary>What is left out of a row stays.</summary>
    public static UserProfile Over(UserProfile given, UserProfile current) => new()
    {
        Name = given.Name ?? current.Name, GivenName = given.GivenName ?? current.GivenName, FamilyName = given.FamilyName ?? current.FamilyName, Picture = given.Picture ?? current.Picture,
        PhoneNumber = given.PhoneNumber ?? current.PhoneNumber, Locale = given.Locale ?? current.Locale, ZoneInfo = given.ZoneInfo ?? current.ZoneInfo,
    };

    /// <param name="User">Not tracked.</param>
    internal sealed record Match(User? User);
}
