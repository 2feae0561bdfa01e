using TenantIdP.Storage;

namespace TenantIdP.Server.Composition;

/// <summary>For the command that backs the database up.</summary>
internal sealed class StoreCopy(StoreBackup backup)
{
    /// <summary>The command that does it instead of us; null when we do.</summary>
    public string? CommandFor(string file) => backup.CommandFor(file);

    public Task WriteAsync(string file, CancellationToken ct) => backup.WriteAsync(file, ct);
}
