using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Stores;
using Xunit;

namespace TenantIdP.Tests.Events;

public abstract class EventSealingTests(TestStore store)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task Sealed_events_have_places_without_gaps_and_each_organization_a_chain_of_its_own()
    {
        var node = new EventNode(store);
        var (ours, theirs) = (await store.NewOrganizationAsync(Ct), await store.NewOrganizationAsync(Ct));
        foreach (var target in EventNode.Targets("a", 3))
        {
            await node.RecordAsync(ours, [target], Ct);
            await node.RecordAsync(theirs, [target], Ct);
            await node.RecordAsync(Organization.Instance, [target], Ct);
        }

        Assert.DoesNotContain((await node.ReadAsync(null, Ct)).Events, e => e.Event.OrganizationId == ours); // nobody reads what is not sealed
        await node.SealAsync(Ct);

        var (all, _) = await node.ReadAsync(null, Ct);
        Assert.Equal(Enumerable.Range(1, all.Count).Select(i => (long)i), all.Select(e => e.Position));
        Assert.Equal(["a-0", "a-1", "a-2"], (await node.ReadAsync(null, Ct, organization: ours)).Events.Select(e => e.Event.TargetId));
        foreach (var organization in new[] { ours, theirs, Organization.Instance })
        {
            var report = await node.VerifyAsync(organization, Ct);
            Assert.Null(report.Fault);
            Assert.Equal(all.Last(e => e.Event.OrganizationId == organization).Event.Hash, report.Head);
        }

        Assert.Equal(0, await node.SealAsync(Ct)); // done is done
        Assert.Equal(all.Select(e => e.Event.Hash), (await node.ReadAsync(null, Ct)).Events.Select(e => e.Event.Hash));
    }

    [Fact]
    public async Task Four_sealers_at_once_seal_each_event_once()
    {
        var organization = await store.NewOrganizationAsync(Ct);
        var nodes = Enumerable.Range(0, 4).Select(_ => new EventNode(store)).ToList();
        await nodes[0].RecordAsync(organization, EventNode.Targets("many", EventSealer.BatchSize * 3 + 7), Ct);

        var counts = await Task.WhenAll(nodes.Select(n => Task.Run(() => n.SealAsync(Ct))));
        await nodes[0].SealAsync(Ct); // what a lost race left

        Assert.True(counts.Sum() <= EventSealer.BatchSize * 3 + 7 + 20, $"{counts.Sum()}"); // and what other tests of this class recorded
        var (events, _) = await nodes[0].ReadAsync(null, Ct, organization: organization);
        Assert.Equal(EventSealer.BatchSize * 3 + 7, events.Select(e => e.Event.Id).Distinct().Count());
        Assert.Null((await nodes[0].VerifyAsync(organization, Ct)).Fault);
        Assert.Null(await nodes[0].UseAsync<EventVerification, object?>(async v => await v.FirstMissingPositionAsync(Ct)));
    }

    [Fact]
    [Trait("Attack", "G6")]
    public async Task An_event_that_commits_late_comes_after_what_was_read_and_not_before()
    {
        var node = new EventNode(store);
        var organization = await store.NewOrganizationAsync(Ct);
        await using var late = node.Open(organization);
        late.ServiceProvider.GetRequiredService<EventLog>().Record(EventTypes.MemberJoined, organization, "late"); // its id is the first
        var db = late.ServiceProvider.GetRequiredService<IdpDbContext>();
        await using var transaction = await node.IsPostgreSqlAsync() ? await db.Database.BeginTransactionAsync(Ct) : null; // SQLite has one writer at a time
        if (transaction is not null) await db.SaveChangesAsync(Ct);

        await node.RecordAsync(organization, ["early"], Ct);
        await node.SealAsync(Ct);
        var (seen, next) = await node.ReadAsync(null, Ct, organization: organization);
        if (transaction is null) await db.SaveChangesAsync(Ct);
        else await transaction.CommitAsync(Ct);
        await node.SealAsync(Ct);
        var (rest, _) = await node.ReadAsync(next, Ct, organization: organization);

        Assert.Equal(["early"], seen.Select(e => e.Event.TargetId));
        Assert.Equal(["late"], rest.Select(e => e.Event.TargetId));
        Assert.True(rest[0].Event.OccurredAt <= seen[0].Event.OccurredAt); // of one millisecond, perhaps: their ids have no order then
        Assert.Null((await node.VerifyAsync(organization, Ct)).Fault);
    }

    [Fact]
    [Trait("Attack", "G6")]
    public async Task A_reader_misses_nothing_and_sees_nothing_twice_while_many_write()
    {
        const int Writers = 6, Each = 40;
        var node = new EventNode(store);
        var organization = await store.NewOrganizationAsync(Ct);
        var sealers = new[] { new EventNode(store), new EventNode(store) };
        var writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < Each; i++) await node.RecordAsync(organization, [$"w{w}-{i}"], Ct);
        })));
        var sealing = Task.WhenAll(sealers.Select(s => Task.Run(async () =>
        {
            while (!writing.IsCompleted) await s.SealAsync(Ct);
        })));

        var (seen, next) = (new List<string>(), (string?)null);
        while (!sealing.IsCompleted) Take(await node.ReadAsync(next, Ct, limit: 7, organization: organization));
        await writing;
        await sealing;
        await node.SealAsync(Ct);
        Take(await node.ReadAsync(next, Ct, limit: 7, organization: organization));

        Assert.Equal(Writers * Each, seen.Count);
        Assert.Equal(Writers * Each, seen.Distinct().Count());
        Assert.Null((await node.VerifyAsync(organization, Ct)).Fault);

        void Take((List<SealedEvent> Events, string Next) read)
        {
            seen.AddRange(read.Events.Select(e => e.Event.TargetId));
            next = read.Next;
        }
    }

    [Fact]
    public async Task Filters_narrow_a_feed_and_a_page_that_lets_nothing_through_still_goes_on()
    {
        var node = new EventNode(store);
        var organization = await store.NewOrganizationAsync(Ct);
        await node.RecordAsync(organization, EventNode.Targets("noise", 30), Ct, type: EventTypes.SignInRefused);
        await node.RecordAsync(organization, ["mem_1"], Ct);
        var between = Now;
        await node.RecordAsync(organization, ["mem_2"], Ct, type: EventTypes.MemberRemoved);
        await node.RecordAsync(organization, ["key_1"], Ct, type: EventTypes.SamlKeyCreated);
        await node.SealAsync(Ct);

        Assert.Equal(["mem_1", "mem_2"], await TargetsAsync(new EventFilter { Types = ["member."] }));
        Assert.Equal(["mem_2", "key_1"], await TargetsAsync(new EventFilter { Types = [EventTypes.MemberRemoved, "saml_key."] }));
        Assert.Equal(["mem_2", "key_1"], await TargetsAsync(new EventFilter { Since = between }));
        Assert.Equal(31, (await TargetsAsync(new EventFilter { Until = between })).Count);
        Assert.Equal(["mem_2"], await TargetsAsync(new EventFilter { Since = between, Types = ["member."] }));
        Assert.Equal(["mem_1"], await TargetsAsync(new EventFilter { Target = "mem_1" }));
        Assert.Empty(await TargetsAsync(new EventFilter { Target = "mem_1", Actor = "usr_nobody" }));
        Assert.Equal(33, (await TargetsAsync(new EventFilter { Actor = "system" })).Count);

        var nothing = await node.PageAsync(null, Ct, new EventFilter { Types = ["app."] }, organization: organization);
        var end = await node.PageAsync(null, Ct, organization: organization);
        Assert.Equal((0, end.Next, false), (nothing.Items.Count, nothing.Next, nothing.More));
        Assert.Equal(end.Next, (await node.PageAsync(end.Next, Ct, organization: organization)).Next); // a poller stays where it is

        async Task<List<string>> TargetsAsync(EventFilter filter) => [.. (await node.ReadAsync(null, Ct, filter, limit: 2, organization: organization)).Events.Select(e => e.Event.TargetId)];
    }

    [Theory]
    [Trait("Attack", "G6")]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("01")]
    [InlineData(" 1")]
    [InlineData("1e3")]
    [InlineData("9223372036854775808")]
    [InlineData("1 OR 1=1")]
    [InlineData("evt_01k9zzzzzzzzzzzzzzzzzzzzzz")]
    public async Task A_cursor_that_no_page_gave_is_refused(string cursor)
    {
        var refused = await new EventNode(store).UseAsync<EventFeed, Result<EventPage>>(f => f.ListAllAsync(null, new EventFilter(), new PageRequest(10, cursor), Ct));

        Assert.Equal("invalid_cursor", refused.Error?.Code);
    }

    [Fact]
    [Trait("Attack", "G6")]
    public async Task A_cursor_of_another_feed_shows_nothing_of_it()
    {
        var node = new EventNode(store);
        var (ours, theirs) = (await store.NewOrganizationAsync(Ct), await store.NewOrganizationAsync(Ct));
        await node.RecordAsync(theirs, ["theirs-1"], Ct);
        await node.RecordAsync(ours, ["ours-1"], Ct);
        await node.RecordAsync(theirs, ["theirs-2"], Ct);
        await node.SealAsync(Ct);
        var foreign = await node.PageAsync(null, Ct, limit: 1, organization: theirs);

        Assert.Equal(["ours-1"], (await node.ReadAsync(foreign.Next, Ct, organization: ours)).Events.Select(e => e.Event.TargetId));
        var inTheirScope = await node.UseAsync<EventFeed, Result<EventPage>>(f => f.ListAsync(theirs, new EventFilter(), new PageRequest(10, null), Ct), ours);
        Assert.Empty(inTheirScope.Value!.Items); // the scope rules, whatever is asked for
    }

    [Fact]
    public async Task An_erased_person_is_gone_from_every_event_and_every_chain_stays_whole()
    {
        var node = new EventNode(store);
        var (first, second) = (await store.NewOrganizationAsync(Ct), await store.NewOrganizationAsync(Ct));
        var (leaves, stays) = (Id<User>.New(Now), Id<User>.New(Now));
        foreach (var organization in new[] { first, second })
        {
            await node.RecordAsync(organization, [leaves.ToString(), stays.ToString()], Ct, new { email = "jane@example.test" });
            await using var scope = node.Open(organization);
            scope.ServiceProvider.GetRequiredService<EventLog>().Record(EventTypes.SignInRefused, organization, "con_1", null, new { email = "jane@example.test" }, about: leaves);
            await scope.ServiceProvider.GetRequiredService<IdpDbContext>().SaveChangesAsync(Ct);
        }

        await node.SealAsync(Ct);
        await node.RecordAsync(first, [leaves.ToString()], Ct, new { email = "jane@example.test" }); // sealed after the erasure

        Assert.Equal(5, await node.UseAsync<EventErasure, int>(e => e.EraseUsersAsync([leaves], Ct)));
        await node.SealAsync(Ct);

        foreach (var (organization, erased) in new[] { (first, 3), (second, 2) })
        {
            var report = await node.VerifyAsync(organization, Ct);
            Assert.Null(report.Fault);
            Assert.Equal(erased, report.Erased);
            Assert.Equal([stays.ToString()], (await node.ReadAsync(null, Ct, organization: organization)).Events.Where(e => e.Personal is not null).Select(e => e.Event.TargetId));
        }
    }

    [Fact]
    public async Task An_erasure_that_is_rolled_back_erased_nothing()
    {
        var node = new EventNode(store);
        var organization = await store.NewOrganizationAsync(Ct);
        var user = Id<User>.New(Now);
        await node.RecordAsync(organization, [user.ToString()], Ct, new { name = "Jane" });
        await using (var scope = node.Open(organization))
        {
            var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
            await using var transaction = await db.Database.BeginTransactionAsync(Ct);
            Assert.Equal(1, await scope.ServiceProvider.GetRequiredService<EventErasure>().EraseUsersAsync([user], Ct));
            await transaction.RollbackAsync(Ct);
        }

        await node.SealAsync(Ct);

        Assert.Equal("""{"name":"Jane"}""", Assert.Single((await node.ReadAsync(null, Ct, organization: organization)).Events).Personal);
    }

    [Fact]
    public async Task The_hash_is_the_published_one()
    {
        var node = new EventNode(store);
        var organization = await store.NewOrganizationAsync(Ct);
        await node.RecordAsync(organization, ["one", "two"], Ct, new { name = "Jane" });
        await node.SealAsync(Ct);

        var previous = "";
        foreach (var found in (await node.ReadAsync(null, Ct, organization: organization)).Events) Assert.Equal(previous = PublishedHash.Of(found.Event, previous), found.Event.Hash);
    }
}

public sealed class EventSealingOnSqlite(SqliteStore store) : EventSealingTests(store), IClassFixture<SqliteStore>;

[Trait("Store", "PostgreSql")]
public sealed class EventSealingOnPostgreSql(PostgreSqlStore store) : EventSealingTests(store), IClassFixture<PostgreSqlStore>;
