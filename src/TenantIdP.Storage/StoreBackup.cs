namespace TenantIdP.Storage;

/// <summary>A copy of the database while it is in use.</summary>
public sealed class StoreBackup
{
    private readonly StoreDatabase database;

    internal StoreBackup(StoreDatabase database) => this.database = database;

    /// <summary>The command of the database's own tool that makes the copy, without a password; null where <see cref="WriteAsync"/> does.</summary>
    public string? CommandFor(string file) => database.BackupCommandFor(file);

    /// <summary>Writes the copy, checks that it is whole, and only then gives it its name. Writers go on meanwhile; what they commit after the first moment is not in it.</summary>
    /// <exception cref="IOException">The file is there already, the database isn't, or the copy is not whole; nothing is left behind.</exception>
    public Task WriteAsync(string file, CancellationToken ct) => database.BackUpAsync(Path.GetFullPath(file), ct);
}
