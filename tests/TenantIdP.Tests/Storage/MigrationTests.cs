using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using TenantIdP.Core;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Storage;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Storage;

public abstract class MigrationTests(TestStore store)
{
    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_model_has_no_change_without_a_migration() =>
        Assert.False(await store.UseAsync(null, db => Task.FromResult(db.Database.HasPendingModelChanges())));

    [Fact]
    public async Task Names_of_the_schema_fit_every_store()
    {
        var names = await store.UseAsync(null, db => Task.FromResult(db.Model.GetEntityTypes()
            .SelectMany(e => e.GetIndexes().Select(i => i.GetDatabaseName()).Concat(e.GetKeys().Select(k => k.GetName())).Concat(e.GetForeignKeys().Select(f => f.GetConstraintName()))).ToList()));

        Assert.All(names, name => Assert.InRange(name!.Length, 1, 63)); // PostgreSQL cuts longer ones; every one is named
    }

    [Fact]
    public async Task Three_nodes_at_once_on_a_fresh_database_migrate_once()
    {
        var fresh = await store.NewDatabaseAsync(Ct);
        var alone = new OneAtATime();
        var nodes = Enumerable.Range(0, 3).Select(_ => NodeOn(fresh, alone)).ToList();

        await Task.WhenAll(nodes.Select(node => Task.Run(() => node.GetRequiredService<StoreMigrator>().MigrateAsync(Ct), Ct)));

        Assert.Equal((3, 0), (alone.Runs, alone.Overlaps));
        await AssertWholeAsync(nodes[0]);
    }

    [Fact]
    public async Task Built_in_roles_follow_this_version_and_custom_ones_stay()
    {
        var fresh = await store.NewDatabaseAsync(Ct);
        var node = NodeOn(fresh);
        await node.GetRequiredService<StoreMigrator>().MigrateAsync(Ct);
        await UseAsync(node, db => db.Database.ExecuteSqlRawAsync("UPDATE roles SET permissions = '[]' WHERE key = 'member'; DELETE FROM roles WHERE key = 'guest'", Ct));

        await node.GetRequiredService<StoreMigrator>().MigrateAsync(Ct);

        var stored = await UseAsync(node, db => db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).ToListAsync(Ct));
        Assert.Equal(
            BuiltInRoles.All.OrderBy(r => r.Key).Select(r => (r.Key, string.Join(' ', r.Permissions))),
            stored.OrderBy(r => r.Key).Select(r => (r.Key, string.Join(' ', r.Permissions))));
    }

    [Fact]
    public async Task Roles_that_people_hold_keep_their_permissions_when_roles_learn_to_extend_others()
    {
        var fresh = await store.NewDatabaseAsync(Ct);
        var node = NodeOn(fresh);
        await node.GetRequiredService<StoreMigrator>().MigrateAsync(Ct);
        var role = await UseAsync(node, async db =>
        {
            var now = TimeProvider.System.GetUtcNow();
            var organization = Organization.Create("Organization", TestStore.UniqueSlug(), null, now).Value!; // valid
            var (user, made) = (User.Create(new PersonName(null, null, null), now), Role.Create(organization.Id, "custom", new RoleSettings("Custom", ["notes:read"], null, []), now).Value!); // valid
            db.EnterOrganization(organization.Id);
            var membership = Membership.Join(organization.Id, user.Id, now);
            membership.Grant(made, RoleSource.Api, "", now);
            db.AddRange(organization, user, made, membership);
            await db.SaveChangesAsync(Ct);
            return made.Id;
        });

        await UseAsync(node, db => MigrateToAsync(db, "OrganizationMetadata"));
        await node.GetRequiredService<StoreMigrator>().MigrateAsync(Ct);

        var (kept, held) = await UseAsync(node, async db => (
            await db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).SingleAsync(r => r.Id == role, Ct),
            await db.MembershipRoles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).CountAsync(r => r.RoleId == role, Ct)));
        Assert.Equal(["notes:read"], kept.OwnPermissions);
        Assert.Equal((kept.OwnPermissions[0], 1), (Assert.Single(kept.Permissions), held));
    }

    private static async Task<bool> MigrateToAsync(IdpDbContext db, string migration)
    {
        await db.GetService<IMigrator>().MigrateAsync(migration, Ct);
        return true;
    }

    [Fact]
    public async Task Three_fresh_nodes_share_one_sealed_data_protection_key()
    {
        var fresh = await store.NewDatabaseAsync(Ct);
        var nodes = Enumerable.Range(0, 3).Select(_ => NodeOn(fresh)).ToList();
        await Task.WhenAll(nodes.Select(node => Task.Run(() => node.GetRequiredService<StoreMigrator>().MigrateAsync(Ct), Ct)));

        var cookie = Protector(nodes[0]).Protect("session");

        Assert.All(nodes, node => Assert.Equal("session", Protector(node).Unprotect(cookie)));
        var ring = await UseAsync(nodes[0], db => db.Database.SqlQueryRaw<string>("SELECT xml AS \"Value\" FROM data_protection_keys").ToListAsync(Ct));
        var key = Assert.Single(ring);
        Assert.Matches("<sealed[^>]*>v1[.]", key);
        Assert.DoesNotContain("masterKey", key, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_ring_means_signing_in_again_and_nothing_worse()
    {
        var fresh = await store.NewDatabaseAsync(Ct);
        var before = NodeOn(fresh);
        await before.GetRequiredService<StoreMigrator>().MigrateAsync(Ct);
        var cookie = Protector(before).Protect("session");
        await UseAsync(before, db => db.Database.ExecuteSqlRawAsync("DELETE FROM data_protection_keys", Ct));

        var after = NodeOn(fresh);
        await after.GetRequiredService<StoreMigrator>().MigrateAsync(Ct);

        Assert.ThrowsAny<CryptographicException>(() => Protector(after).Unprotect(cookie));
        Assert.Equal("again", Protector(after).Unprotect(Protector(after).Protect("again")));
    }

    protected ServiceProvider NodeOn(string database, ISchemaMigration? part = null) => store.NewNode(
        settings => settings["ConnectionStrings:TenantIdP"] = database,
        configure: services =>
        {
            if (part is not null) services.AddSingleton(part);
        });

    protected static async Task<T> UseAsync<T>(ServiceProvider node, Func<IdpDbContext, Task<T>> work)
    {
        await using var scope = node.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<IdpDbContext>());
    }

    protected static async Task AssertWholeAsync(ServiceProvider node)
    {
        var (applied, pending, roles, canaries) = await UseAsync(node, async db => (
            (await db.Database.GetAppliedMigrationsAsync(Ct)).Count(),
            (await db.Database.GetPendingMigrationsAsync(Ct)).Count(),
            await db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).CountAsync(Ct),
            await db.InstanceSettings.CountAsync(Ct)));
        Assert.True(applied > 0);
        Assert.Equal((0, BuiltInRoles.All.Count, 1), (pending, roles, canaries));
    }

    private static IDataProtector Protector(ServiceProvider node) => node.GetRequiredService<IDataProtectionProvider>().CreateProtector("cookies");

    private sealed class OneAtATime : ISchemaMigration
    {
        private int inside;
        private int runs;
        private int overlaps;

        public int Runs => runs;
        public int Overlaps => overlaps;
        public string Name => "one at a time";

        public async Task MigrateAsync(CancellationToken ct)
        {
            if (Interlocked.Increment(ref inside) > 1) Interlocked.Increment(ref overlaps);
            Interlocked.Increment(ref runs);
            for (var i = 0; i < 1_000; i++) await Task.Yield(); // gives a second one every chance to come in
            Interlocked.Decrement(ref inside);
        }
    }
}

public sealed class MigrationOnSqlite(SqliteStore store) : MigrationTests(store), IClassFixture<SqliteStore>
{
    [Fact]
    public async Task The_lock_row_of_a_node_that_died_does_not_stop_the_next()
    {
        var node = NodeOn(await store.NewDatabaseAsync(Ct));
        await UseAsync(node, db => db.Database.ExecuteSqlRawAsync(
            """CREATE TABLE "__EFMigrationsLock" ("Id" INTEGER NOT NULL PRIMARY KEY, "Timestamp" TEXT NOT NULL); INSERT INTO "__EFMigrationsLock" ("Id", "Timestamp") VALUES (1, '2026-01-01 00:00:00')""", Ct));

        await node.GetRequiredService<StoreMigrator>().MigrateAsync(Ct).WaitAsync(TimeSpan.FromSeconds(30), Ct);

        await AssertWholeAsync(node);
    }

    [Fact]
    public async Task A_node_waits_while_another_process_holds_the_lock_file()
    {
        var database = await store.NewDatabaseAsync(Ct);
        var node = NodeOn(database);
        Task migrating;
        await using (new FileStream(database["Data Source=".Length..] + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
        {
            migrating = node.GetRequiredService<StoreMigrator>().MigrateAsync(Ct);
            await Assert.ThrowsAsync<TimeoutException>(() => migrating.WaitAsync(TimeSpan.FromSeconds(2), Ct)); // several times what migrating takes
        }

        await migrating;
        await AssertWholeAsync(node);
    }
}

[Trait("Store", "PostgreSql")]
public sealed class MigrationOnPostgreSql(PostgreSqlStore store) : MigrationTests(store), IClassFixture<PostgreSqlStore>
{
    [Fact]
    public async Task A_node_killed_in_the_middle_leaves_nothing_stuck()
    {
        var database = await store.NewDatabaseAsync(Ct);
        await using var outside = new NpgsqlConnection(database);
        await outside.OpenAsync(Ct);
        await using var obstacle = await outside.BeginTransactionAsync(Ct);
        await ExecuteAsync(outside, "CREATE TABLE users (obstacle int)"); // the migration stops here, some tables made, until this transaction ends

        var killed = Task.Run(() => NodeOn(database).GetRequiredService<StoreMigrator>().MigrateAsync(Ct), Ct);
        await UntilAsync(database, "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = current_database() AND NOT granted AND locktype = 'transactionid'", 1);
        var next = NodeOn(database);
        var waiting = Task.Run(() => next.GetRequiredService<StoreMigrator>().MigrateAsync(Ct), Ct);
        await UntilAsync(database, "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = current_database() AND NOT granted AND locktype = 'advisory'", 1);

        // A process that dies takes its connections along: the one at work and the one that holds the lock, not those of the node that waits.
        await using var axe = new NpgsqlConnection(database);
        await axe.OpenAsync(Ct);
        // Both at one blow: between two, the lock could pass to the node that waits.
        await ExecuteAsync(
            axe,
            // Of this database only: the tests beside this one wait for each other's transactions, too.
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = current_database() "
            + "AND ((locktype = 'transactionid' AND NOT granted) OR (locktype = 'advisory' AND granted))");
        await obstacle.RollbackAsync(Ct);

        await Assert.ThrowsAnyAsync<Exception>(() => killed);
        await waiting;
        await AssertWholeAsync(next);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Ct);
    }

    private static async Task UntilAsync(string database, string countSql, long count)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Ct);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while (true)
        {
            await using var command = new NpgsqlCommand(countSql, connection);
            if ((long)(await command.ExecuteScalarAsync(patience.Token))! >= count) return; // a count is never null
        }
    }
}
