using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Storage;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Storage;

/// <summary>This version on a database that a newer one has expanded (docs/operations/upgrades.md): it serves on, and starts again.</summary>
[Trait("Fault", "R12")]
public abstract class OlderNodeTests(TestStore store)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_serves_on_and_starts_again_on_a_database_of_the_next_version()
    {
        var fresh = await store.NewDatabaseAsync(Ct);
        var node = NodeOn(fresh);
        await node.GetRequiredService<StoreMigrator>().MigrateAsync(Ct);
        await AddOrganizationAsync(node);
        string[] next =
        [
            "CREATE TABLE of_the_next_version (id integer PRIMARY KEY)",
            "ALTER TABLE organizations ADD COLUMN may_be_null text NULL",
            "ALTER TABLE organizations ADD COLUMN has_a_default integer NOT NULL DEFAULT 7",
            "CREATE INDEX ix_of_the_next_version ON organizations (may_be_null)",
            "INSERT INTO __migrations_core (\"MigrationId\", \"ProductVersion\") VALUES ('99991231235959_Next', '11.0.0')",
        ];
        foreach (var sql in next) await UseAsync(node, db => db.Database.ExecuteSqlRawAsync(sql, Ct));

        await AddOrganizationAsync(node);
        var again = NodeOn(fresh);
        await again.GetRequiredService<StoreMigrator>().MigrateAsync(Ct);
        await AddOrganizationAsync(again);

        Assert.Equal(3, await UseAsync(again, db => db.Organizations.CountAsync(Ct)));
        Assert.Equal(21, await UseAsync(again, db => db.Database.SqlQueryRaw<long>("SELECT sum(has_a_default) AS \"Value\" FROM organizations").SingleAsync(Ct)));
    }

    private ServiceProvider NodeOn(string database) => store.NewNode(settings => settings["ConnectionStrings:TenantIdP"] = database);

    private static Task<int> AddOrganizationAsync(ServiceProvider node) => UseAsync(node, db =>
    {
        db.Organizations.Add(Core.Organizations.Organization.Create("Organization", TestStore.UniqueSlug(), null, TimeProvider.System.GetUtcNow()).Value!); // valid
        return db.SaveChangesAsync(Ct);
    });

    private static async Task<T> UseAsync<T>(ServiceProvider node, Func<IdpDbContext, Task<T>> work)
    {
        await using var scope = node.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<IdpDbContext>());
    }
}

public sealed class OlderNodeOnSqlite(SqliteStore store) : OlderNodeTests(store), IClassFixture<SqliteStore>;

[Trait("Store", "PostgreSql")]
public sealed class OlderNodeOnPostgreSql(PostgreSqlStore store) : OlderNodeTests(store), IClassFixture<PostgreSqlStore>;
