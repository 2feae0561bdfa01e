using System.Data.Common;
using TenantIdP.Core;

namespace TenantIdP.Storage;

/// <summary>The database of this process: makes connections and the lock under which the schema changes.</summary>
internal abstract class StoreDatabase : IAsyncDisposable, IDisposable
{
    /// <summary>A connection for one unit of work; the caller disposes it.</summary>
    public abstract DbConnection Connect();

    /// <summary>Waits until no other process migrates. A holder that dies lets go of it.</summary>
    public abstract Task<IAsyncDisposable> LockForMigrationAsync(TimeProvider clock, CancellationToken ct);

    /// <summary>Readies the database for migrating; called under the lock.</summary>
    public virtual Task PrepareAsync(IdpDbContext db, CancellationToken ct) => Task.CompletedTask;

    /// <summary>See <see cref="StoreBackup.CommandFor"/>.</summary>
    public virtual string? BackupCommandFor(string file) => null;

    /// <summary>See <see cref="StoreBackup.WriteAsync"/>.</summary>
    public abstract Task BackUpAsync(string file, CancellationToken ct);

    public abstract void Dispose();

    public abstract ValueTask DisposeAsync();
}
