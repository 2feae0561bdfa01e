using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>Which identity providers are responsible for the addresses of an account. Crosses organizations to see that.</summary>
public sealed class AccountHomes(IdpDbContext db, HomeRealm homeRealm)
{
    /// <returns>A connection of another organization than this one that a verified address of the account leads to; null when none does.</returns>
    public async Task<Id<Connection>?> ElsewhereAsync(Id<User> user, Id<Organization> organization, CancellationToken ct)
    {
        foreach (var text in await db.UserEmails.Where(e => e.UserId == user && e.VerifiedAt != null).Select(e => e.Address).ToListAsync(ct))
        {
            if (!EmailAddress.TryParse(text, out var address)) continue;
            if ((await homeRealm.OfAddressAsync(address, ct)).Leads is { } connection && !await db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AnyAsync(c => c.Id == connection && c.OrganizationId == organization, ct)) return connection;
        }

        return null;
    }
}
