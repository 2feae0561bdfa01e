namespace TenantIdP.Storage;

/// <summary>Where the product keeps its rows.</summary>
public enum DatabaseProvider
{
    /// <summary>One file, one process: nothing to install.</summary>
    Sqlite,

    /// <summary>Any number of processes.</summary>
    PostgreSql,
}

/// <summary>The setting <c>TenantIdP:Database</c>; the connection string is <c>ConnectionStrings:TenantIdP</c>.</summary>
public sealed record DatabaseOptions
{
    public const string Section = "TenantIdP:Database";
    public const string ConnectionName = "TenantIdP";
    public const string SqliteDefault = "Data Source=.data/tenantidp.db";

    public DatabaseProvider Provider { get; init; } = DatabaseProvider.Sqlite;

    /// <summary>SQLite only: the file grows no further, and what would write more is told that there is no room. Null: as far as the disk goes.</summary>
    public int? MaxMegabytes { get; init; }
}
