using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;
using TenantIdP.Engine.OpenIddict.Stores;
using TenantIdP.Storage.PostgreSql;
using TenantIdP.Storage.Sqlite;
using Xunit;

namespace TenantIdP.Tests.House;

/// <summary>
/// An older node runs on while a newer one has migrated already (docs/operations/upgrades.md): a migration only adds what the older one can leave alone. What takes something
/// away waits for the version after the next, and is listed here with its reason.
/// </summary>
public sealed class MigrationRuleTests
{
    /// <summary>The last migrations before anybody ran two versions at once.</summary>
    private static readonly string[] Baselines = ["20261127000301_ApiKeys", "20261126224147_GrantWorkspace"];

    /// <summary>Name of the migration, what it does, and why no node of the version before it minds.</summary>
    private static readonly Dictionary<(string Migration, string What), string> Allowed = [];

    [Fact]
    public void Migrations_after_the_baseline_take_nothing_from_an_older_node()
    {
        var found = new List<(string Migration, string What)>();
        foreach (var db in Contexts())
        {
            using (db)
            {
                var assembly = db.GetService<IMigrationsAssembly>();
                foreach (var (id, type) in assembly.Migrations.Where(m => Baselines.All(b => string.CompareOrdinal(m.Key[..14], b[..14]) > 0)))
                {
                    var migration = assembly.CreateMigration(type, db.Database.ProviderName!); // a context has a provider
                    found.AddRange(migration.UpOperations.Select(WhatItTakes).OfType<string>().Select(what => (id[15..], what)));
                }
            }
        }

        Assert.Equal(Allowed.Keys.Order(), found.Distinct().Order());
    }

    [Fact]
    public void The_baseline_is_there()
    {
        var all = Contexts().SelectMany(db => db.Database.GetMigrations()).ToList();

        Assert.All(Baselines, baseline => Assert.Contains(all, id => id[15..] == baseline[15..]));
    }

    public static TheoryData<MigrationOperation, bool> Operations => new()
    {
        { new DropColumnOperation { Table = "t", Name = "c" }, true },
        { new DropTableOperation { Name = "t" }, true },
        { new RenameColumnOperation { Table = "t", Name = "c", NewName = "d" }, true },
        { new RenameTableOperation { Name = "t", NewName = "u" }, true },
        { new SqlOperation { Sql = "ALTER TABLE t DROP COLUMN c" }, true },
        { new AddColumnOperation { Table = "t", Name = "c", ClrType = typeof(int), IsNullable = false }, true },
        { new AddColumnOperation { Table = "t", Name = "c", ClrType = typeof(int), IsNullable = false, DefaultValue = 0 }, false },
        { new AddColumnOperation { Table = "t", Name = "c", ClrType = typeof(string), IsNullable = true }, false },
        { new AlterColumnOperation { Table = "t", Name = "c", ClrType = typeof(string), IsNullable = false, OldColumn = new AddColumnOperation { IsNullable = true } }, true },
        { new AlterColumnOperation { Table = "t", Name = "c", ClrType = typeof(string), IsNullable = false, DefaultValue = "", OldColumn = new AddColumnOperation { IsNullable = true } }, false },
        { new AlterColumnOperation { Table = "t", Name = "c", ClrType = typeof(string), MaxLength = 10, OldColumn = new AddColumnOperation { MaxLength = 20 } }, true },
        { new AlterColumnOperation { Table = "t", Name = "c", ClrType = typeof(string), MaxLength = 20, OldColumn = new AddColumnOperation { MaxLength = 10 } }, false },
        { new CreateTableOperation { Name = "t" }, false },
        { new SqlOperation { Sql = "UPDATE t SET c = 1" }, false },
    };

    [Theory]
    [MemberData(nameof(Operations), DisableDiscoveryEnumeration = true)]
    public void The_rule_tells_taking_from_adding(MigrationOperation operation, bool takes) => Assert.Equal(takes, WhatItTakes(operation) is not null);

    private static string? WhatItTakes(MigrationOperation operation) => operation switch
    {
        DropColumnOperation dropped => $"drops {dropped.Table}.{dropped.Name}",
        DropTableOperation dropped => $"drops {dropped.Name}",
        RenameColumnOperation renamed => $"renames {renamed.Table}.{renamed.Name}",
        RenameTableOperation renamed => $"renames {renamed.Name}",
        AddColumnOperation { IsNullable: false, DefaultValue: null, DefaultValueSql: null, ComputedColumnSql: null } added => $"asks for {added.Table}.{added.Name}",
        AlterColumnOperation { IsNullable: false, DefaultValue: null, DefaultValueSql: null, OldColumn.IsNullable: true } altered => $"asks for {altered.Table}.{altered.Name}",
        AlterColumnOperation altered when altered.MaxLength < (altered.OldColumn.MaxLength ?? int.MaxValue) => $"shortens {altered.Table}.{altered.Name}",
        SqlOperation { Sql: var sql } when Takes(sql) => $"runs {sql}",
        _ => null,
    };

    private static bool Takes(string sql) =>
        (sql.Contains("DROP ", StringComparison.OrdinalIgnoreCase) && !sql.Contains("DROP TRIGGER", StringComparison.OrdinalIgnoreCase)) || sql.Contains("RENAME ", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<DbContext> Contexts()
    {
        yield return new SqliteIdpDbContext(new DbContextOptionsBuilder<SqliteIdpDbContext>().UseSqlite("Data Source=never-opened.db").Options);
        yield return new PostgreSqlIdpDbContext(new DbContextOptionsBuilder<PostgreSqlIdpDbContext>().UseNpgsql("Host=never-opened").Options);
        yield return new SqliteOidcDbContext(new DbContextOptionsBuilder<SqliteOidcDbContext>().UseSqlite("Data Source=never-opened.db").Options);
        yield return new PostgreSqlOidcDbContext(new DbContextOptionsBuilder<PostgreSqlOidcDbContext>().UseNpgsql("Host=never-opened").Options);
    }
}
