using Microsoft.EntityFrameworkCore;

namespace TenantIdP.Core.Directories;

/// <summary>Deletes what logs and tokens have too much of. Crosses organizations; each row is found by its directory.</summary>
internal static class DirectoryPruning
{
    private const int Batch = 1_000;

    public static async Task PruneAsync(IdpDbContext db, DateTimeOffset now, CancellationToken ct)
    {
        var (logged, ended) = (now - DirectoryLogEntry.Kept, now - DirectoryToken.KeptAfterEnd);
        await db.DirectoryTokens.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(t => t.ExpiresAt <= ended).ExecuteDeleteAsync(ct);
        var all = db.DirectoryLog.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]);
        await all.Where(e => e.At <= logged).ExecuteDeleteAsync(ct);
        var tooLong = await all.GroupBy(e => new { e.OrganizationId, e.DirectoryId }).Where(g => g.Count() > DirectoryLogEntry.Most).Select(g => g.Key).ToListAsync(ct);
        foreach (var log in tooLong)
        {
            var own = all.Where(e => e.OrganizationId == log.OrganizationId && e.DirectoryId == log.DirectoryId);
            for (var found = Batch; found == Batch;)
            {
                var ids = await own.OrderByDescending(e => e.Id).Skip(DirectoryLogEntry.Most).Take(Batch).Select(e => e.Id).ToListAsync(ct);
                found = ids.Count;
                if (found > 0) await own.Where(e => ids.Contains(e.Id)).ExecuteDeleteAsync(ct);
            }
        }
    }
}
