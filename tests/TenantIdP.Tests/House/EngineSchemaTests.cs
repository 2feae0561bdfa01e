using Microsoft.EntityFrameworkCore;
using TenantIdP.Engine.OpenIddict.Stores;
using Xunit;

namespace TenantIdP.Tests.House;

/// <summary>The engine's own migrations; those of the store are tested with the store.</summary>
public sealed class EngineSchemaTests
{
    [Fact]
    public void The_engines_model_on_SQLite_has_no_change_without_a_migration()
    {
        using var db = new SqliteOidcDbContext(new DbContextOptionsBuilder<SqliteOidcDbContext>().UseSqlite("Data Source=never-opened.db").Options);

        Assert.NotEmpty(db.Database.GetMigrations());
        Assert.False(db.Database.HasPendingModelChanges());
    }

    [Fact]
    public void The_engines_model_on_PostgreSQL_has_no_change_without_a_migration()
    {
        using var db = new PostgreSqlOidcDbContext(new DbContextOptionsBuilder<PostgreSqlOidcDbContext>().UseNpgsql("Host=never-opened").Options);

        Assert.NotEmpty(db.Database.GetMigrations());
        Assert.False(db.Database.HasPendingModelChanges());
    }
}
