using System.Data.Common;
using System.Text.RegularExpressions;
using Npgsql;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;
using TenantIdP.Storage;
using TenantIdP.Testing.Stores;
using TenantIdP.Tests.House;
using Xunit;

namespace TenantIdP.Tests.Events;

/// <summary>What the database itself refuses to whoever writes through the server's connection.</summary>
public abstract class EventGuardTests(TestStore store)
{
    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    protected static readonly string[] Attacks =
    [
        "UPDATE events SET data = '[]' WHERE target_id = 'sealed'",
        "UPDATE events SET hash = 'x' WHERE target_id = 'sealed'",
        "UPDATE events SET position = position + 1000 WHERE target_id = 'sealed'",
        "UPDATE events SET position = NULL, hash = NULL WHERE target_id = 'sealed'",
        "UPDATE events SET data = '[]', position = 500, hash = 'x' WHERE target_id = 'unsealed'",
        "UPDATE events SET type = 'x', position = 500, hash = 'x' WHERE target_id = 'unsealed'",
        "UPDATE events SET occurred_at = occurred_at WHERE target_id = 'unsealed'",
        "DELETE FROM events WHERE target_id = 'sealed'",
        "DELETE FROM events WHERE target_id = 'unsealed'",
        "INSERT INTO events (organization_id, id, type, occurred_at, actor_kind, actor_id, target_id, data, position, hash) SELECT organization_id, personal_id, type, occurred_at, actor_kind, actor_id, target_id, data, 500, 'x' FROM events CROSS JOIN (SELECT id AS personal_id FROM organizations) o WHERE target_id = 'sealed'",
        "UPDATE event_personal_data SET data = '[]' WHERE event_id IN (SELECT id FROM events WHERE target_id = 'sealed')",
        "UPDATE event_personal_data SET salt = 'x' WHERE event_id IN (SELECT id FROM events WHERE target_id = 'sealed')",
        "UPDATE event_chains SET count = 0",
        "UPDATE event_chains SET position = 0",
        "UPDATE event_chains SET hash = 'x'",
        "DELETE FROM event_chains",
    ];

    [Fact]
    [Trait("Attack", "H3")]
    public async Task What_was_recorded_is_not_changed_and_not_deleted_through_the_servers_connection()
    {
        var node = new EventNode(store);
        var organization = await PrepareAsync(node);

        await AssertRefusedAsync(node, Attacks);

        Assert.Null((await node.VerifyAsync(organization, Ct)).Fault);
        await node.SealAsync(Ct); // the unsealed one, as it was
        Assert.Equal(["sealed", "unsealed"], (await node.ReadAsync(null, Ct, organization: organization)).Events.Select(e => e.Event.TargetId));
    }

    protected async Task<Id<Organization>> PrepareAsync(EventNode node)
    {
        var organization = await store.NewOrganizationAsync(Ct);
        await node.RecordAsync(organization, ["sealed"], Ct, new { name = "Jane" });
        await node.SealAsync(Ct);
        await node.RecordAsync(organization, ["unsealed"], Ct);
        return organization;
    }

    protected static async Task AssertRefusedAsync(EventNode node, IEnumerable<string> attacks)
    {
        foreach (var attack in attacks)
        {
            try
            {
                await node.ExecuteAsync(attack, Ct);
            }
            catch (DbException)
            {
                continue;
            }

            Assert.Fail($"Not refused: {attack}");
        }
    }
}

public sealed class EventGuardOnSqlite(SqliteStore store) : EventGuardTests(store), IClassFixture<SqliteStore>
{
    [Fact]
    [Trait("Attack", "H3")]
    public async Task REPLACE_does_not_replace_what_was_recorded()
    {
        var node = new EventNode(store);
        var organization = await PrepareAsync(node);

        await AssertRefusedAsync(
            node,
            [
                "INSERT OR REPLACE INTO events SELECT organization_id, id, 'x', occurred_at, actor_kind, actor_id, target_id, data, trace_id, personal_hash, NULL, NULL FROM events WHERE target_id = 'sealed'",
                "UPDATE OR REPLACE events SET position = (SELECT max(position) FROM events), hash = 'x' WHERE target_id = 'unsealed'",
                "INSERT OR REPLACE INTO event_personal_data (organization_id, event_id, salt, data) SELECT organization_id, event_id, salt, '[]' FROM event_personal_data",
                "INSERT OR REPLACE INTO event_chains (organization_id, count, position, hash) SELECT organization_id, 1, 1, 'x' FROM event_chains",
            ]);

        Assert.Null((await node.VerifyAsync(organization, Ct)).Fault);
    }
}

[Trait("Store", "PostgreSql")]
public sealed partial class EventGuardOnPostgreSql(PostgreSqlStore store) : EventGuardTests(store), IClassFixture<PostgreSqlStore>
{
    [Fact]
    [Trait("Attack", "H3")]
    public async Task TRUNCATE_is_refused_to_the_owner_as_well()
    {
        var node = new EventNode(store);
        var organization = await PrepareAsync(node);

        await AssertRefusedAsync(node, ["TRUNCATE events CASCADE", "TRUNCATE event_chains"]);

        Assert.Null((await node.VerifyAsync(organization, Ct)).Fault);
    }

    /// <summary>The statements are those of docs/operations/audit.md, as an operator runs them.</summary>
    [Fact]
    [Trait("Attack", "H3")]
    public async Task The_documented_role_records_seals_and_erases_and_can_do_nothing_else_to_the_log()
    {
        var owner = new EventNode(store);
        var organization = await PrepareAsync(owner);
        var grants = Grants().Match(await File.ReadAllTextAsync(Path.Combine(SourceTree.Root, "docs", "operations", "audit.md"), Ct)).Groups[1].Value;
        Assert.Contains("tenantidp_server", grants, StringComparison.Ordinal);
        var settings = new NpgsqlConnectionStringBuilder(store.Settings["ConnectionStrings:TenantIdP"]);
        var role = $"{settings.Database}_server"; // roles are of the cluster, databases come and go
        await owner.ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD 'server'", Ct);
        await owner.ExecuteAsync(grants.Replace("tenantidp_server", role, StringComparison.Ordinal).Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal), Ct);
        (settings.Username, settings.Password) = (role, "server");
        var server = new EventNode(store, s => s["ConnectionStrings:TenantIdP"] = settings.ConnectionString);

        await AssertRefusedAsync(
            server,
            [
                .. Attacks, "TRUNCATE events CASCADE", "ALTER TABLE events DISABLE TRIGGER ALL", "DROP TRIGGER events_guard ON events", "DROP TABLE events CASCADE", "SET session_replication_role = replica",
                "UPDATE events SET data = '[]' WHERE false", "DELETE FROM events WHERE false", "UPDATE event_personal_data SET data = '[]' WHERE false", "DELETE FROM event_chains WHERE false",
            ]);
        await server.UseAsync<StoreMigrator, int>(async m =>
        {
            await m.MigrateAsync(Ct); // as at every start: there is nothing to migrate
            return 0;
        });
        var user = Id<User>.New(TimeProvider.System.GetUtcNow());
        await server.RecordAsync(organization, [user.ToString()], Ct, new { name = "Jane" });
        await server.SealAsync(Ct);
        Assert.Equal(1, await server.UseAsync<EventErasure, int>(e => e.EraseUsersAsync([user], Ct)));
        var report = await server.VerifyAsync(organization, Ct);
        Assert.Equal((null, 3, 1), (report.Fault, report.Events, report.Erased));
        await owner.ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}", Ct);
    }

    [GeneratedRegex("```sql\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Grants();
}
