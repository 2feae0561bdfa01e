using Microsoft.Data.Sqlite;

namespace TenantIdP.Storage.Sqlite;

/// <summary>Copies a file that is in use: one reading transaction of SQLite's own, which neither waits for writers nor makes them wait.</summary>
internal static class SqliteBackup
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static async Task WriteAsync(string database, string file, CancellationToken ct)
    {
        if (File.Exists(file)) throw new IOException($"{file} is there already. A backup overwrites nothing: give another name.");
        if (!File.Exists(database)) throw new IOException($"There is no database at {database}.");
        var partial = $"{file}.partial-{Environment.ProcessId}";
        try
        {
            // Made first, so that nobody else may read it at any moment: it holds what the database holds. An empty file is what SQLite asks for.
            var mode = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) mode.UnixCreateMode = OwnerOnly;
            await using (new FileStream(partial, mode))
            {
            }

            await CopyAsync(database, partial, ct);
            await CheckAsync(partial, ct);
            await using (var written = new FileStream(partial, FileMode.Open, FileAccess.ReadWrite)) written.Flush(flushToDisk: true);
            File.Move(partial, file, overwrite: false);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private static async Task CopyAsync(string database, string copy, CancellationToken ct)
    {
        await using var connection = Open(database);
        await using var command = connection.CreateCommand();
        command.CommandText = "VACUUM INTO $copy";
        command.CommandTimeout = 0; // a large one takes its time
        command.Parameters.AddWithValue("$copy", copy);
        await command.ExecuteNonQueryAsync(ct);
    }

    private static async Task CheckAsync(string copy, CancellationToken ct)
    {
        await using var connection = Open(copy);
        await using var command = connection.CreateCommand();
        command.CommandTimeout = 0;
        command.CommandText = "PRAGMA integrity_check(1)";
        if (await command.ExecuteScalarAsync(ct) is not "ok") throw new IOException("The copy is not whole. Nothing was kept: look at the disk and try again.");
        command.CommandText = "PRAGMA foreign_key_check";
        await using var broken = await command.ExecuteReaderAsync(ct);
        if (await broken.ReadAsync(ct)) throw new IOException("The copy has rows that refer to rows which are not there. Nothing was kept: the database itself is broken.");
    }

    private static SqliteConnection Open(string file)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ConnectionString);
        connection.Open();
        return connection;
    }
}
