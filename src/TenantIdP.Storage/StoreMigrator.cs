using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TenantIdP.Core;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Storage.Keys;

namespace TenantIdP.Storage;

/// <summary>
/// Brings the database to this version before anything is served: tables of Core and of every <see cref="ISchemaMigration"/>, built-in roles, the root key's proof.
/// Any number of nodes may call it at once; one works, the others wait and then find it done.
/// </summary>
public sealed class StoreMigrator
{
    private readonly IServiceScopeFactory scopes;
    private readonly StoreDatabase database;
    private readonly RootKeys keys;
    private readonly NodeState state;
    private readonly TimeProvider clock;
    private readonly ILogger<StoreMigrator> logger;

    internal StoreMigrator(IServiceScopeFactory scopes, StoreDatabase database, RootKeys keys, NodeState state, TimeProvider clock, ILogger<StoreMigrator> logger) =>
        (this.scopes, this.database, this.keys, this.state, this.clock, this.logger) = (scopes, database, keys, state, clock, logger);

    /// <exception cref="StartupException">The root key of this database is not configured.</exception>
    public async Task MigrateAsync(CancellationToken ct)
    {
        Log.WaitingForMigrationLock(logger);
        await using var held = await database.LockForMigrationAsync(clock, ct);
        await using (var scope = scopes.CreateAsyncScope())
        {
            var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
            await database.PrepareAsync(db, ct);
            if ((await db.Database.GetPendingMigrationsAsync(ct)).Any()) await db.Database.MigrateAsync(ct); // which asks for the owner's rights even when there is nothing to do
            await RootKeyCanary.CheckAsync(db, new SecretBox(keys), keys, ct);
            await RoleSeeding.SeedAsync(db, clock, ct);
            await OrganizationNameKeys.FillAsync(db, ct);
            Log.Migrated(logger, "core");
        }

        await using var others = scopes.CreateAsyncScope();
        foreach (var part in others.ServiceProvider.GetServices<ISchemaMigration>())
        {
            await part.MigrateAsync(ct);
            Log.Migrated(logger, part.Name);
        }

        state.Migrated();
    }
}
