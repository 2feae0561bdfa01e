using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using TenantIdP.Storage.PostgreSql;
using TenantIdP.Storage.Sqlite;

namespace TenantIdP.Storage;

/// <summary>How both stores are configured, at run time and for <c>dotnet ef</c>.</summary>
internal static class StoreContexts
{
    public const string HistoryTable = "__migrations_core";

    // A list is one parameter, as on PostgreSQL: with one for each of its items the text depends on the list, and is written anew under a lock for each execution.
    public static void UseSqlite(DbContextOptionsBuilder options) =>
        options.UseSqlite(sqlite => sqlite.MigrationsHistoryTable(HistoryTable).UseParameterizedCollectionMode(ParameterTranslationMode.Parameter));

    public static void UsePostgreSql(DbContextOptionsBuilder options) => options.UseNpgsql(postgres => postgres.MigrationsHistoryTable(HistoryTable));
}

// dotnet ef migrations add NAME --context SqliteIdpDbContext --output-dir Migrations/Sqlite, and the same for the other: neither needs a database.
internal sealed class SqliteDesignTime : IDesignTimeDbContextFactory<SqliteIdpDbContext>
{
    public SqliteIdpDbContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<SqliteIdpDbContext>();
        StoreContexts.UseSqlite(options);
        return new SqliteIdpDbContext(options.Options);
    }
}

internal sealed class PostgreSqlDesignTime : IDesignTimeDbContextFactory<PostgreSqlIdpDbContext>
{
    public PostgreSqlIdpDbContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<PostgreSqlIdpDbContext>();
        StoreContexts.UsePostgreSql(options);
        return new PostgreSqlIdpDbContext(options.Options);
    }
}
