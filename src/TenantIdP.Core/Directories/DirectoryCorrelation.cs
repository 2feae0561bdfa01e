using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Directories;

/// <summary>By what a user of a directory is known.</summary>
public enum DirectoryMatch
{
    /// <summary>The directory had them before.</summary>
    ExternalId,

    /// <inheritdoc cref="ExternalId"/>
    UserName,

    /// <summary>The organization's single sign-on knows them by the correlating attribute.</summary>
    SsoIdentity,
    Email,
}

/// <summary>Whom a user of a directory is.</summary>
/// <param name="User">An account that there is; null when one is to be made.</param>
/// <param name="IsInside">The address is in a domain that the organization has verified, and nobody else holds.</param>
/// <param name="By">How the account was found.</param>
internal sealed record Correlated(Id<User>? User, bool IsInside, DirectoryMatch? By);

/// <summary>
/// Finds the accounts of users that a directory makes (SECURITY.md E3): whom the organization's own sign-in knows by the correlating attribute, else who has verified the address and
/// is a member already or has it in a domain that the organization has proven by DNS. Nobody else is found, and whether there is somebody else does not show.
/// </summary>
public sealed class DirectoryCorrelation(IdpDbContext db)
{
    private sealed record Owner(Id<User> Id, bool IsOperator, UserStatus Status, bool IsMember);

    internal async Task<Result<Correlated>> FindAsync(OrganizationDirectory directory, DirectoryUserFacts facts, CancellationToken ct) => (await FindAsync(directory, [facts], ct))[0];

    /// <summary>Each as if it came alone, in four statements for any number of them.</summary>
    internal async Task<IReadOnlyList<Result<Correlated>>> FindAsync(OrganizationDirectory directory, IReadOnlyList<DirectoryUserFacts> all, CancellationToken ct)
    {
        var domains = await db.OwnDomainsAsync(directory.OrganizationId, [.. all.Select(f => f.Address?.Domain).OfType<HostName>().Distinct()], ct);
        var signIns = await BySignInAsync(directory, all, ct);
        var owners = await OwnersAsync(directory, all, ct);
        var judged = all.Select(facts => Judge(directory, facts, Domain(facts), signIns, owners)).ToList();
        var unknown = all.Where((_, i) => judged[i] is { IsOk: true, Value.User: null }).ToList();
        var unverified = await ByUnverifiedAsync(directory, unknown, ct);
        return
        [
            .. judged.Select((found, i) => found is { IsOk: true, Value: { User: null } one } && KeyAddress(directory, all[i]) is { } address && unverified[address.Normalized].ToList() is [var user]
                ? one with { User = user, By = DirectoryMatch.Email }
                : found),
        ];

        OrganizationDomain? Domain(DirectoryUserFacts facts) => facts.Address is { } address ? domains.GetValueOrDefault(address.Domain) : null;
    }

    private static Result<Correlated> Judge(OrganizationDirectory directory, DirectoryUserFacts facts, OrganizationDomain? domain, ILookup<string, Id<User>> signIns, Dictionary<string, Owner> owners)
    {
        var inside = domain is not null;
        var bySignIn = Subjects(directory, facts).SelectMany(s => signIns[s]).Distinct().ToList() is [var one] ? one : (Id<User>?)null; // two accounts are none
        var byEmail = ByEmail(facts, owners, domain is { ProvesMail: true });
        if (!byEmail.IsOk) return byEmail.Error;
        var (found, taken) = byEmail.Value;

        // The sign-in knows who it is; an address that somebody else has verified does not change that, and is not theirs.
        if (bySignIn is { } known) return inside || found == known || Tolerates(directory, facts) ? new Correlated(known, inside, DirectoryMatch.SsoIdentity) : DirectoryUserErrors.EmailDomainNotAllowed;
        if (found is { } user) return new Correlated(user, inside, DirectoryMatch.Email);
        if (taken && inside) return DirectoryUserErrors.EmailTaken;
        if (!inside && directory.OutsideDomains == OutsideDomains.Reject) return DirectoryUserErrors.EmailDomainNotAllowed;
        return new Correlated(null, inside, null);
    }

    private static bool Tolerates(OrganizationDirectory directory, DirectoryUserFacts facts) => facts.Address is null || directory.OutsideDomains != OutsideDomains.Reject;

    /// <summary>The accounts that the organization's connections know under what the directory and they have in common.</summary>
    private async Task<ILookup<string, Id<User>>> BySignInAsync(OrganizationDirectory directory, IReadOnlyList<DirectoryUserFacts> all, CancellationToken ct)
    {
        var subjects = all.SelectMany(f => Subjects(directory, f)).Distinct().ToArray();
        if (subjects.Length == 0) return Enumerable.Empty<Id<User>>().ToLookup(_ => "");
        var found = await (
            from connection in db.Connections
            where connection.OrganizationId == directory.OrganizationId
            join identity in db.UserIdentities on new { ConnectionId = connection.Id, connection.Issuer } equals new { identity.ConnectionId, identity.Issuer }
            where subjects.Contains(identity.Subject)
            join user in db.Users on identity.UserId equals user.Id
            where user.Status == UserStatus.Active
            select new { identity.Subject, user.Id }).Distinct().ToListAsync(ct);
        return found.ToLookup(f => f.Subject, f => f.Id);
    }

    /// <summary>Who has verified each of the addresses.</summary>
    private async Task<Dictionary<string, Owner>> OwnersAsync(OrganizationDirectory directory, IReadOnlyList<DirectoryUserFacts> all, CancellationToken ct)
    {
        var addresses = all.Select(f => f.Address?.Normalized).OfType<string>().Distinct().ToArray();
        if (addresses.Length == 0) return [];
        return await (
            from email in db.UserEmails
            where addresses.Contains(email.Normalized) && email.VerifiedAt != null
            join user in db.Users on email.UserId equals user.Id
            select new { email.Normalized, user.Id, user.IsOperator, user.Status, IsMember = db.Memberships.Any(m => m.OrganizationId == directory.OrganizationId && m.UserId == user.Id) })
            .ToDictionaryAsync(o => o.Normalized, o => new Owner(o.Id, o.IsOperator, o.Status, o.IsMember), ct);
    }

    /// <param name="proven">The organization speaks for the accounts of the domain.</param>
    /// <returns>Who may be taken over, and whether somebody has the address.</returns>
    private static Result<(Id<User>? Found, bool Taken)> ByEmail(DirectoryUserFacts facts, Dictionary<string, Owner> owners, bool proven)
    {
        if (facts.Address is not { } address || !owners.TryGetValue(address.Normalized, out var owner)) return (null, false);
        if (!owner.IsMember && !proven) return (null, true);
        return owner.Status != UserStatus.Active || (owner.IsOperator && !owner.IsMember) ? DirectoryUserErrors.PersonUnavailable : (owner.Id, true);
    }

    /// <summary>
    /// An account that this organization's own sign-in made has its only address from there. Where the organization trusts the connection's addresses, it is the same word as the
    /// directory's; where not, it is what the person typed at their provider, and says nothing about who they are.
    /// </summary>
    private async Task<ILookup<string, Id<User>>> ByUnverifiedAsync(OrganizationDirectory directory, IReadOnlyList<DirectoryUserFacts> all, CancellationToken ct)
    {
        var addresses = all.Select(f => KeyAddress(directory, f)?.Normalized).OfType<string>().Distinct().ToArray();
        if (addresses.Length == 0) return Enumerable.Empty<Id<User>>().ToLookup(_ => "");
        var found = await (
            from email in db.UserEmails
            where addresses.Contains(email.Normalized) && email.VerifiedAt == null
            join user in db.Users on email.UserId equals user.Id
            where user.Status == UserStatus.Active && !user.IsOperator && user.CreatedByOrganization == directory.OrganizationId && !db.UserEmails.Any(other => other.UserId == user.Id && other.Id != email.Id)
                && db.UserIdentities.Any(i => i.UserId == user.Id)
                && db.UserIdentities.Where(i => i.UserId == user.Id).All(i => db.Connections.Any(c => c.OrganizationId == directory.OrganizationId && c.Id == i.ConnectionId && c.TrustEmail))
            select new { email.Normalized, user.Id }).ToListAsync(ct);
        return found.ToLookup(f => f.Normalized, f => f.Id);
    }

    private static string[] Subjects(OrganizationDirectory directory, DirectoryUserFacts facts)
    {
        if (Key(directory, facts) is not { Length: > 0 and <= UserIdentity.MaxSubjectLength } key) return [];
        return directory.CorrelateBy == CorrelateBy.ExternalId ? [key] : [.. new[] { key, key.ToLowerInvariant() }.Distinct()];
    }

    /// <summary>The address, where it is what directory and connections have in common.</summary>
    private static EmailAddress? KeyAddress(OrganizationDirectory directory, DirectoryUserFacts facts) =>
        facts.Address is { } address && EmailAddress.TryParse(Key(directory, facts), out var key) && key == address ? address : null;

    private static string? Key(OrganizationDirectory directory, DirectoryUserFacts facts) => directory.CorrelateBy switch
    {
        CorrelateBy.ExternalId => facts.ExternalId,
        CorrelateBy.Email => facts.Address?.Value,
        CorrelateBy.UserName => facts.UserName,
    };
}
