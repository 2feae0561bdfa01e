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

    /// <summary>One change of one organization under its lock and in its scope, saved.</summary>
    /// <param name="unique">The error of each unique index that this change can run into.</param>
    public static Task<Result<Organization>> ChangeAsync(
        this IdpDbContext db, Id<Organization> id, int? expectedVersion, IReadOnlyDictionary<string, Error> unique, Func<Organization, Task<Result>> change, CancellationToken ct) =>
        db.InTransactionAsync<Organization>(
            async () =>
            {
                if (!await db.LockAsync(id, ct)) return OrganizationErrors.NotFound;
                var organization = await db.Organizations.SingleAsync(o => o.Id == id, ct);
                var seen = VersionErrors.Check(organization, expectedVersion);
                if (!seen.IsOk) return seen.Error;
                db.EnterOrganization(id);
                var changed = await change(organization);
                if (!changed.IsOk) return changed.Error;
                var saved = await db.TrySaveAsync(unique, ct);
                return saved.IsOk ? organization : saved.Error;
            }, ct);
}
