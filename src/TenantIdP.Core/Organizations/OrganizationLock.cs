using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Organizations;

internal static class OrganizationLock
{
    /// <summary>
    /// Serialises, on every store, the changes of one organization whose rules span several rows (last owner, SSO policy). Must be the first statement of the transaction;
    /// what the rules look at is read after it.
    /// </summary>
    /// <returns>False when there is no such organization.</returns>
    public static async Task<bool> LockAsync(this IdpDbContext db, Id<Organization> organization, CancellationToken ct) =>
        await db.Organizations.Where(o => o.Id == organization).ExecuteUpdateAsync(set => set.SetProperty(o => o.MembersRevision, o => o.MembersRevision + 1), ct) == 1;
}
