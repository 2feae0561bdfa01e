using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Directories;

/// <summary>Whom a user of a directory is.</summary>
/// <param name="User">An account that there is; null when one is to be made.</param>
/// <param name="IsInside">The address is in a domain that the organization has verified, and nobody else holds.</param>
internal sealed record Correlated(Id<User>? User, bool IsInside);

/// <summary>
/// Finds the account of a user that a directory makes (SECURITY.md E3): whom the organization's own sign-in knows by the correlating attribute, else who has verified the address and
/// is a member already or has it in a domain that the organization has proven by DNS. Nobody else is found, and whether there is somebody else does not show.
/// </summary>
public sealed class DirectoryCorrelation(IdpDbContext db)
{
    internal async Task<Result<Correlated>> FindAsync(OrganizationDirectory directory, DirectoryUserFacts facts, CancellationToken ct)
    {
        var domain = facts.Address is { } address ? await db.OwnDomainAsync(directory.OrganizationId, address.Domain, ct) : null;
        var inside = domain is not null;
        var bySignIn = await BySignInAsync(directory, facts, ct);
        var byEmail = await ByEmailAsync(directory, facts, domain is { ProvesMail: true }, ct);
        if (!byEmail.IsOk) return byEmail.Error;
        var (found, taken) = byEmail.Value;

        // The sign-in knows who it is; an address that somebody else has verified does not change that, and is not theirs.
        if (bySignIn is { } known) return inside || found == known || Tolerates(directory, facts) ? new Correlated(known, inside) : DirectoryUserErrors.EmailDomainNotAllowed;
        if (found is { } user) return new Correlated(user, inside);
        if (taken && inside) return DirectoryUserErrors.EmailTaken;
        if (!inside && directory.OutsideDomains == OutsideDomains.Reject) return DirectoryUserErrors.EmailDomainNotAllowed;
        return new Correlated(await ByUnverifiedAsync(directory, facts, ct), inside);
    }

    private static bool Tolerates(OrganizationDirectory directory, DirectoryUserFacts facts) => facts.Address is null || directory.OutsideDomains != OutsideDomains.Reject;

    /// <summary>The account that the organization's connections know under what the directory and they have in common. Two accounts are none.</summary>
    private async Task<Id<User>?> BySignInAsync(OrganizationDirectory directory, DirectoryUserFacts facts, CancellationToken ct)
    {
        if (Key(directory, facts) is not { Length: > 0 and <= UserIdentity.MaxSubjectLength } key) return null;
        string[] subjects = directory.CorrelateBy == CorrelateBy.ExternalId ? [key] : [.. new[] { key, key.ToLowerInvariant() }.Distinct()];
        var found = await (
            from connection in db.Connections
            where connection.OrganizationId == directory.OrganizationId
            join identity in db.UserIdentities on new { ConnectionId = connection.Id, connection.Issuer } equals new { identity.ConnectionId, identity.Issuer }
            where subjects.Contains(identity.Subject)
            join user in db.Users on identity.UserId equals user.Id
            where user.Status == UserStatus.Active
            select user.Id).Distinct().OrderBy(id => id).Take(2).ToListAsync(ct);
        return found.Count == 1 ? found[0] : null;
    }

    /// <param name="proven">The organization speaks for the accounts of the domain.</param>
    /// <returns>Who may be taken over, and whether somebody has the address.</returns>
    private async Task<Result<(Id<User>? Found, bool Taken)>> ByEmailAsync(OrganizationDirectory directory, DirectoryUserFacts facts, bool proven, CancellationToken ct)
    {
        if (facts.Address is not { } address) return (null, false);
        var owner = await (
            from email in db.UserEmails
            where email.Normalized == address.Normalized && email.VerifiedAt != null
            join user in db.Users on email.UserId equals user.Id
            select new { user.Id, user.IsOperator, user.Status, IsMember = db.Memberships.Any(m => m.OrganizationId == directory.OrganizationId && m.UserId == user.Id) }).SingleOrDefaultAsync(ct);
        if (owner is null) return (null, false);
        if (!owner.IsMember && !proven) return (null, true);
        return owner.Status != UserStatus.Active || (owner.IsOperator && !owner.IsMember) ? DirectoryUserErrors.PersonUnavailable : (owner.Id, true);
    }

    /// <summary>
    /// An account that this organization's own sign-in made has its only address from there. Where the organization trusts the connection's addresses, it is the same word as the
    /// directory's; where not, it is what the person typed at their provider, and says nothing about who they are.
    /// </summary>
    private async Task<Id<User>?> ByUnverifiedAsync(OrganizationDirectory directory, DirectoryUserFacts facts, CancellationToken ct)
    {
        if (facts.Address is not { } address || !EmailAddress.TryParse(Key(directory, facts), out var key) || key != address) return null;
        var found = await (
            from email in db.UserEmails
            where email.Normalized == address.Normalized && email.VerifiedAt == null
            join user in db.Users on email.UserId equals user.Id
            where user.Status == UserStatus.Active && !user.IsOperator && user.CreatedByOrganization == directory.OrganizationId && !db.UserEmails.Any(other => other.UserId == user.Id && other.Id != email.Id)
                && db.UserIdentities.Any(i => i.UserId == user.Id)
                && db.UserIdentities.Where(i => i.UserId == user.Id).All(i => db.Connections.Any(c => c.OrganizationId == directory.OrganizationId && c.Id == i.ConnectionId && c.TrustEmail))
            orderby user.Id
            select user.Id).Take(2).ToListAsync(ct);
        return found.Count == 1 ? found[0] : null;
    }

    private static string? Key(OrganizationDirectory directory, DirectoryUserFacts facts) => directory.CorrelateBy switch
    {
        CorrelateBy.ExternalId => facts.ExternalId,
        CorrelateBy.Email => facts.Address?.Value,
        CorrelateBy.UserName => facts.UserName,
    };
}
