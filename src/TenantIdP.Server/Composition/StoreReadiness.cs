using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Storage;

namespace TenantIdP.Server.Composition;

/// <summary>Whether a command that runs beside the server finds a database of its own version.</summary>
internal sealed class StoreReadiness(IdpDbContext db, StoreMigrator migrator)
{
    /// <param name="mayMigrate">A database without tables is made ready. One of another version never is: a server may be running on it.</param>
    /// <exception cref="Core.Instance.StartupException">The root key of this database is not configured; only a command that may migrate, and so may seal, is told.</exception>
    public async Task<bool> IsReadyAsync(bool mayMigrate, CancellationToken ct)
    {
        var isNew = !(await db.Database.GetAppliedMigrationsAsync(ct)).Any();
        if (isNew ? !mayMigrate : (await db.Database.GetPendingMigrationsAsync(ct)).Any()) return false;
        if (mayMigrate) await migrator.MigrateAsync(ct);
        return true;
    }
}
