using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Directories;

/// <param name="IsOurs">The organization made the account, and nothing but the organization speaks for it: a sign-in by its connection may be linked without asking.</param>
internal sealed record DirectoryAccount(Id<User> User, bool IsOurs);

/// <summary>The other order: a directory knows the person before they sign in for the first time. Crosses organizations to see whether anybody else speaks for the account.</summary>
internal static class DirectoryAccounts
{
    /// <summary>
    /// The account of the user whom the connection's answer means by the correlating attribute of one of the organization's directories; one that the directory has deactivated or
    /// deleted as well, so that no second account is made past that.
    /// </summary>
    public static async Task<DirectoryAccount?> DirectoryAccountAsync(this IdpDbContext db, Connection connection, ExternalIdentity external, CancellationToken ct)
    {
        var directories = await db.Directories.AsNoTracking().Where(d => d.OrganizationId == connection.OrganizationId).Select(d => new { d.Id, d.CorrelateBy }).ToListAsync(ct);
        // An address that nobody vouches for is whatever the person typed at their provider.
        var email = external.EmailVerified || connection.TrustEmail ? external.Email : null;
        foreach (var directory in directories.OrderBy(d => d.Id))
        {
            var among = db.DirectoryUsers.Where(u => u.OrganizationId == connection.OrganizationId && u.DirectoryId == directory.Id);
            if (Meant(among, directory.CorrelateBy, external.Subject, email) is not { } meant) continue;
            // Live ones and tombstones are in two indexes.
            var found = await meant.Where(u => u.DeletedAt == null).Concat(meant.Where(u => u.DeletedAt != null)).Select(u => new { u.UserId, u.DeletedAt }).OrderBy(u => u.DeletedAt).Take(100).ToListAsync(ct);
            var one = found.OrderBy(u => u.DeletedAt is null ? 0 : 1).ThenByDescending(u => u.DeletedAt).FirstOrDefault();
            if (one is not null) return await AccountAsync(db, connection.OrganizationId, one.UserId, ct);
        }

        return null;
    }

    private static IQueryable<DirectoryUser>? Meant(IQueryable<DirectoryUser> among, CorrelateBy by, string subject, EmailAddress? email)
    {
        switch (by)
        {
            case CorrelateBy.ExternalId:
                return among.Where(u => u.ExternalId == subject);
            case CorrelateBy.UserName:
                string[] names = email is { } address ? [DirectoryKey.Of(subject), DirectoryKey.Of(address.Value)] : [DirectoryKey.Of(subject)];
                return among.Where(u => names.Contains(u.UserNameKey));
            default:
                return email is { } sent ? among.Where(u => u.PrimaryEmailKey == sent.Normalized) : null;
        }
    }

    /// <summary>Whether a directory of the organization has made the account, and nothing but the organization speaks for it.</summary>
    public static async Task<bool> IsMadeByDirectoryAsync(this IdpDbContext db, Id<Organization> organization, Id<User> user, CancellationToken ct) =>
        await db.DirectoryUsers.AnyAsync(d => d.OrganizationId == organization && d.UserId == user, ct) && await AccountAsync(db, organization, user, ct) is { IsOurs: true };

    private static Task<DirectoryAccount?> AccountAsync(IdpDbContext db, Id<Organization> organization, Id<User> id, CancellationToken ct)
    {
        var all = db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]);
        return (
            from user in db.Users
            where user.Id == id && !user.IsOperator
            select new DirectoryAccount(user.Id, user.CreatedByOrganization == organization
                && !all.Any(o => o.UserId == user.Id && o.OrganizationId != organization)
                && !db.UserIdentities.Any(i => i.UserId == user.Id) && !db.LocalCredentials.Any(c => c.UserId == user.Id))).SingleOrDefaultAsync(ct);
    }
}
