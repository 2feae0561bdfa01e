using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Events;

/// <summary>Somebody who owns the tables puts the triggers aside and changes the log: the chain says where.</summary>
public abstract class EventTamperingTests(TestStore store)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [Trait("Attack", "H3")]
    [InlineData("UPDATE events SET data = '{\"target\":\"other\"}' WHERE position = {2}", ChainFaultKind.Edited, 2)]
    [InlineData("UPDATE events SET type = 'member.removed' WHERE position = {2}", ChainFaultKind.Edited, 2)]
    [InlineData("UPDATE events SET actor_id = 'app_x' WHERE position = {2}", ChainFaultKind.Edited, 2)]
    [InlineData("UPDATE events SET actor_kind = 'App' WHERE position = {2}", ChainFaultKind.Edited, 2)]
    [InlineData("UPDATE events SET target_id = 'mem_x' WHERE position = {2}", ChainFaultKind.Edited, 2)]
    [InlineData("UPDATE events SET trace_id = 'trace' WHERE position = {2}", ChainFaultKind.Edited, 2)]
    [InlineData("UPDATE events SET personal_hash = NULL WHERE position = {2}", ChainFaultKind.Edited, 2)]
    [InlineData("UPDATE events SET hash = '' WHERE position = {2}", ChainFaultKind.Edited, 2)]
    [InlineData("UPDATE events SET data = '{}' WHERE position = {5}", ChainFaultKind.Edited, 5)]
    [InlineData("DELETE FROM events WHERE position = {2}", ChainFaultKind.Removed, 3)]
    [InlineData("DELETE FROM events WHERE position = {1}", ChainFaultKind.Removed, 2)]
    [InlineData("DELETE FROM events WHERE position = {5}", ChainFaultKind.Removed, 5)]
    [InlineData("UPDATE events SET position = 0 - position WHERE position IN ({2}, {3}); UPDATE events SET position = {2} WHERE position = 0 - {3}; UPDATE events SET position = {3} WHERE position = 0 - {2}", ChainFaultKind.Reordered, 2)]
    [InlineData("UPDATE event_personal_data SET data = '{\"name\":\"Eve\"}' WHERE event_id = (SELECT id FROM events WHERE position = {2})", ChainFaultKind.PersonalEdited, 2)]
    [InlineData("UPDATE event_chains SET hash = 'x' WHERE position = {5}", ChainFaultKind.HeadEdited, 5)]
    public async Task Verifying_names_the_first_event_that_does_not_fit(string attack, ChainFaultKind kind, int found)
    {
        var node = new EventNode(store);
        var (organization, positions) = await FiveAsync(node);
        Assert.Null((await node.VerifyAsync(organization, Ct)).Fault);
        await DropGuardsAsync(node);

        await AttackAsync(node, attack, positions);

        var fault = (await node.VerifyAsync(organization, Ct)).Fault;
        Assert.Equal((kind, positions[found - 1]), (fault?.Kind, fault?.Position));
    }

    [Fact]
    [Trait("Attack", "H3")]
    public async Task An_event_that_was_put_between_others_or_behind_the_last_is_named()
    {
        var node = new EventNode(store);
        var (ours, positions) = await FiveAsync(node);
        var (theirs, foreign) = await FiveAsync(node);
        await DropGuardsAsync(node);

        // A sealed event of another organization, with its right hash, in the middle of ours; and one more behind the end of theirs.
        await AttackAsync(node, "UPDATE events SET position = 0 - {3} WHERE position = {3}", positions);
        await MoveAsync(node, foreign[0], ours, positions[2]);
        await AttackAsync(node, "UPDATE events SET position = 1000000 WHERE position = 0 - {3}", positions);
        var between = (await node.VerifyAsync(ours, Ct)).Fault;

        var (third, _) = await FiveAsync(node);
        var (fourth, spare) = await FiveAsync(node);
        await MoveAsync(node, spare[0], third, 2_000_000);
        var behind = (await node.VerifyAsync(third, Ct)).Fault;

        Assert.Equal(positions[2], between?.Position);
        Assert.Equal((ChainFaultKind.Inserted, 2_000_000L), (behind?.Kind, behind?.Position));
        Assert.NotNull((await node.VerifyAsync(theirs, Ct)).Fault); // whose event it was
        Assert.NotNull((await node.VerifyAsync(fourth, Ct)).Fault);
    }

    [Fact]
    [Trait("Attack", "H3")]
    public async Task A_chain_that_vanished_whole_is_a_gap_in_the_log()
    {
        var node = new EventNode(store);
        var (organization, positions) = await FiveAsync(node);
        await FiveAsync(node);
        await DropGuardsAsync(node);

        await AttackAsync(node, "DELETE FROM event_chains WHERE position = {5}; DELETE FROM events WHERE position IN ({1}, {2}, {3}, {4}, {5})", positions);

        Assert.Null((await node.VerifyAsync(organization, Ct)).Fault); // nothing is left to compare
        var missing = await node.UseAsync<EventVerification, long>(async v => await v.FirstMissingPositionAsync(Ct) ?? 0);
        Assert.InRange(missing, 1, positions[0]); // other tests of this class removed some before
    }

    [Fact]
    [Trait("Attack", "H3")]
    public async Task An_edit_of_one_organization_leaves_the_others_whole()
    {
        var node = new EventNode(store);
        var (ours, positions) = await FiveAsync(node);
        var (theirs, _) = await FiveAsync(node);
        await DropGuardsAsync(node);

        await AttackAsync(node, "UPDATE events SET data = '{}' WHERE position = {1}", positions);

        Assert.NotNull((await node.VerifyAsync(ours, Ct)).Fault);
        Assert.Null((await node.VerifyAsync(theirs, Ct)).Fault);
    }

    private async Task<(Id<Organization> Organization, long[] Positions)> FiveAsync(EventNode node)
    {
        var organization = await store.NewOrganizationAsync(Ct);
        await node.RecordAsync(organization, EventNode.Targets("five", 5), Ct, new { name = "Jane" });
        await node.SealAsync(Ct);
        return (organization, [.. (await node.ReadAsync(null, Ct, organization: organization)).Events.Select(e => e.Position)]);
    }

    private static async Task AttackAsync(EventNode node, string attack, long[] positions)
    {
        for (var i = 0; i < positions.Length; i++) attack = attack.Replace($"{{{i + 1}}}", positions[i].ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        Assert.True(await node.ExecuteAsync(attack.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal), Ct) > 0, attack);
    }

    private static Task<int> MoveAsync(EventNode node, long from, Id<Organization> to, long position) => node.UseAsync<IdpDbContext, int>(db => db.Database.ExecuteSqlAsync(
        $"DELETE FROM event_personal_data WHERE event_id IN (SELECT id FROM events WHERE position = {from}); UPDATE events SET organization_id = {to.Value}, position = {position} WHERE position = {from}", Ct));

    private static async Task DropGuardsAsync(EventNode node)
    {
        if (await node.IsPostgreSqlAsync())
        {
            await node.ExecuteAsync("ALTER TABLE events DISABLE TRIGGER USER; ALTER TABLE event_personal_data DISABLE TRIGGER USER; ALTER TABLE event_chains DISABLE TRIGGER USER", Ct);
            return;
        }

        foreach (var name in new[] { "events_insert_guard", "events_update_guard", "events_delete_guard", "event_personal_data_update_guard", "event_chains_update_guard", "event_chains_delete_guard" })
            await node.ExecuteAsync($"DROP TRIGGER IF EXISTS {name}", Ct);
    }
}

public sealed class EventTamperingOnSqlite(SqliteStore store) : EventTamperingTests(store), IClassFixture<SqliteStore>;

[Trait("Store", "PostgreSql")]
public sealed class EventTamperingOnPostgreSql(PostgreSqlStore store) : EventTamperingTests(store), IClassFixture<PostgreSqlStore>;
