using System.Data.Common;
using Npgsql;

namespace TenantIdP.Storage.PostgreSql;

internal sealed class PostgreSqlDatabase : StoreDatabase
{
    /// <summary>Any fixed number: advisory locks are per database, and this one is nobody else's.</summary>
    private const long MigrationLock = 0x7469_6470_6d69_6772;

    private const string MaxAutoPrepare = "Max Auto Prepare";
    private const int ConnectSeconds = 4;

    private readonly NpgsqlDataSource source;
    private readonly NpgsqlConnectionStringBuilder alone;

    public PostgreSqlDatabase(NpgsqlConnectionStringBuilder settings)
    {
        // No statement of ours leaves session state behind, so the reset would only cost.
        settings.NoResetOnClose = true;
        settings.ApplicationName ??= "TenantIdP";

        // Planning our joins costs the database more than running them. What the connection string says wins: 0 for a pooler in between that can't keep prepared statements.
        if (!settings.ConnectionString.Contains(MaxAutoPrepare, StringComparison.OrdinalIgnoreCase)) settings.MaxAutoPrepare = 200;

        // The driver's own 15 seconds are longer than a request may take to be told that there is no database.
        if (settings.Timeout == new NpgsqlConnectionStringBuilder().Timeout) settings.Timeout = ConnectSeconds;

        // Named, because metrics and traces would otherwise name the pool by its connection string.
        source = new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = "TenantIdP" }.Build();
        alone = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false, KeepAlive = 10 };
    }

    /// <summary>Open, and outside the pool: for what holds on to its session.</summary>
    internal async Task<NpgsqlConnection> OpenAloneAsync(string purpose, CancellationToken ct, int? patienceSeconds = null)
    {
        var settings = new NpgsqlConnectionStringBuilder(alone.ConnectionString) { ApplicationName = $"{alone.ApplicationName} {purpose}" };
        if (patienceSeconds is { } seconds) (settings.Timeout, settings.CommandTimeout, settings.CancellationTimeout) = (seconds, seconds, 200);
        var connection = new NpgsqlConnection(settings.ConnectionString);
        try
        {
            await connection.OpenAsync(ct);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Forgets every idle connection: after an outage they lead nowhere.</summary>
    internal void Forget() => source.Clear();

    /// <summary>Closed: EF Core opens it around each use, so that a request that waits for an upstream IdP holds none of the pool.</summary>
    public override DbConnection Connect() => source.CreateConnection();

    public override async Task<IAsyncDisposable> LockForMigrationAsync(TimeProvider clock, CancellationToken ct)
    {
        // Its own session, unpooled: the server lets go of the lock when the process dies.
        var connection = await OpenAloneAsync("migration", ct);
        try
        {
            await using var command = new NpgsqlCommand("SELECT pg_advisory_lock($1)", connection) { CommandTimeout = 0, Parameters = { new() { Value = MigrationLock } } };
            await command.ExecuteNonQueryAsync(ct);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public override string BackupCommandFor(string file)
    {
        var user = alone.Username is { Length: > 0 } name ? $" --username={name}" : "";
        return $"pg_dump --format=custom --host={alone.Host} --port={alone.Port}{user} --file={file} {alone.Database}";
    }

    public override Task BackUpAsync(string file, CancellationToken ct) => throw new NotSupportedException("PostgreSQL is backed up by its own tools.");

    public override void Dispose() => source.Dispose();

    public override ValueTask DisposeAsync() => source.DisposeAsync();
}
