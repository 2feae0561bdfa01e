using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;

namespace TenantIdP.Storage.Sqlite;

internal sealed class SqliteDatabase : StoreDatabase
{
    private static readonly TimeSpan LockRetry = TimeSpan.FromMilliseconds(100);

    private readonly WriteGate gate = new();
    private readonly string connectionString;
    private readonly string file;
    private readonly long? maxBytes;

    /// <param name="settings">With an absolute path to the file.</param>
    /// <param name="maxMegabytes">What the file may grow to; null for no limit of ours.</param>
    public SqliteDatabase(SqliteConnectionStringBuilder settings, int? maxMegabytes)
    {
        maxBytes = maxMegabytes * 1024L * 1024;
        settings.ForeignKeys = true;
        connectionString = settings.ConnectionString;
        file = settings.DataSource;
    }

    public override DbConnection Connect()
    {
        // Open for the whole unit of work: an idle connection to a file holds no lock, and opening runs pragmas.
        var connection = new GatedSqliteConnection(connectionString, gate, maxBytes);
        connection.Open();
        return connection;
    }

    public override async Task<IAsyncDisposable> LockForMigrationAsync(TimeProvider clock, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                // The operating system lets go of it when the holder dies, unlike a row.
                return new FileStream(file + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(LockRetry, clock, ct);
            }
        }
    }

    public override async Task PrepareAsync(IdpDbContext db, CancellationToken ct)
    {
        // Stays with the file; readers then never wait for the writer.
        await db.Database.ExecuteSqlRawAsync("PRAGMA journal_mode = 'wal'", ct);

        // EF Core waits for ever for the row of a process that died. Ours is the only lock that counts, and we hold it.
        var exists = await db.Database.SqlQueryRaw<int>("SELECT count(*) AS \"Value\" FROM sqlite_master WHERE name = '__EFMigrationsLock'").SingleAsync(ct);
        if (exists > 0) await db.Database.ExecuteSqlRawAsync("DELETE FROM \"__EFMigrationsLock\"", ct);
    }

    public override Task BackUpAsync(string file, CancellationToken ct) => SqliteBackup.WriteAsync(this.file, file, ct);

    public override void Dispose() => gate.Dispose();

    public override ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}
