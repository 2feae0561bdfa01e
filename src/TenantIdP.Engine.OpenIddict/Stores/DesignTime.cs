using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace TenantIdP.Engine.OpenIddict.Stores;

/// <summary>For <c>dotnet ef migrations add … --context SqliteOidcDbContext</c>; never used at run time.</summary>
internal sealed class SqliteOidcDesignTime : IDesignTimeDbContextFactory<SqliteOidcDbContext>
{
    public SqliteOidcDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SqliteOidcDbContext>().UseSqlite("Data Source=design.db", s => s.MigrationsHistoryTable(OidcDbContext.HistoryTable)).Options);
}

internal sealed class PostgreSqlOidcDesignTime : IDesignTimeDbContextFactory<PostgreSqlOidcDbContext>
{
    public PostgreSqlOidcDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<PostgreSqlOidcDbContext>().UseNpgsql("Host=design", s => s.MigrationsHistoryTable(OidcDbContext.HistoryTable)).Options);
}
