using System.Data.Common;
using Npgsql;

namespace TenantIdP.Storage.PostgreSql;

internal sealed class PostgreSqlDatabase : StoreDatabase
{
    /// <summary>Any fixed number: advisory locks are per database, and this one is nobody else's.</summary>
    private const long MigrationLock = 0x7469_6470_6d69_6772;

    private readonly NpgsqlDataSource source;
    private readonly NpgsqlConnectionStringBuilder alone;

    public PostgreSqlDatabase(NpgsqlConnectionStringBuilder settings)
    {
        // No statement of ours leaves session state behind, so the reset would only cost.
        settings.NoResetOnClose = true;
        settings.ApplicationName ??= "TenantIdP";
        // Named, because metrics and traces would otherwise name the pool by its connection string.
        source = new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = "TenantIdP" }.Build();
        alone = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false, KeepAlive = 30 };
    }

    /// <summary>Open, and outside the pool: for what holds on to its session.</summary>
    internal async Task<NpgsqlConnection> OpenAloneAsync(string purpose, CancellationToken ct)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(alone.ConnectionString) { ApplicationName = $"{alone.ApplicationName} {purpose}" }.ConnectionString);
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

    public override void Dispose() => source.Dispose();

    public override ValueTask DisposeAsync() => source.DisposeAsync();
}
