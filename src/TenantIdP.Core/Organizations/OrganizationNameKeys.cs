using Microsoft.EntityFrameworkCore;

namespace TenantIdP.Core.Organizations;

/// <summary>Gives rows of an earlier version the key that lists sort by. Costs one look into an index when there are none.</summary>
public static class OrganizationNameKeys
{
    private const int Batch = 500;

    public static async Task FillAsync(IdpDbContext db, CancellationToken ct)
    {
        while (await db.Organizations.Where(o => o.NameKey == "").OrderBy(o => o.Id).Take(Batch).ToListAsync(ct) is { Count: > 0 } some)
        {
            foreach (var organization in some) organization.FillNameKey();
            await db.SaveChangesAsync(ct);
            db.ChangeTracker.Clear();
        }
    }
}
