using System.Net;
using System.Text.Json;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Events;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>Bulk requests about users (RFC 7644 3.7).</summary>
public abstract class ScimBulkTests(IdpHost host)
{
    private const string Schemas = "\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:BulkRequest\"]";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Operations_are_done_in_an_order_in_which_references_are_known()
    {
        var world = await ScimWorld.NewAsync(host);

        var reply = await BulkAsync(world, null,
            Post("worker", world.User("worker", "\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\":{\"manager\":{\"value\":\"bulkId:boss\"}}")), Post("boss", world.User("boss")),
            """{"method":"PATCH","path":"/Users/bulkId:boss","data":{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"title","value":"Boss"}]} }""");

        Assert.Equal(["201", "201", "200"], Statuses(reply));
        var (worker, boss) = (Location(reply, 0), Location(reply, 1));
        Assert.Equal("Boss", (await world.Scim.GetAsync(boss, Ct)).Body.GetProperty("title").GetString());
        var manager = (await world.Scim.GetAsync(worker, Ct)).Body.GetProperty("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User").GetProperty("manager");
        Assert.Equal(boss["/Users/".Length..], manager.GetProperty("value").GetString());
    }

    [Fact]
    public async Task What_was_done_stays_done_and_after_enough_errors_nothing_more_is()
    {
        var world = await ScimWorld.NewAsync(host);
        string[] operations = [Post("1", world.User("ann")), Post("2", world.User("ann")), """{"method":"DELETE","path":"/Users/dus_00000000000000000000000000"}""", Post("3", world.User("bob"))];

        var all = await BulkAsync(world, null, operations);
        var stopped = await BulkAsync(world, 1, Post("1", world.User("carol")), Post("2", world.User("ann")), Post("3", world.User("dora")));

        Assert.Equal(["201", "409", "404", "201"], Statuses(all));
        Assert.Equal("uniqueness", all.Body.GetProperty("Operations")[1].GetProperty("response").GetProperty("scimType").GetString());
        Assert.Equal(["201", "409"], Statuses(stopped));
        Assert.Equal(3, (await world.Scim.GetAsync("/Users", Ct)).TotalResults);
    }

    [Fact]
    public async Task Versions_and_endpoints_are_judged_for_each_operation()
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann");
        var patch = ScimWorld.Patch("""{"op":"replace","path":"title","value":"Lead"}""");
        string Change(string version) => $$"""{"method":"PATCH","path":"/Users/{{made.Id}}","version":{{JsonSerializer.Serialize(version)}},"data":{{patch}} }""";

        var reply = await BulkAsync(world, null, Change("W/\"99\""), Change(made.ETag!), """{"method":"POST","bulkId":"x","path":"/Nothings","data":{}}""", """{"method":"POST","path":"/Users","data":{}}""");

        Assert.Equal(["412", "200", "404", "400"], Statuses(reply));
    }

    [Fact]
    public async Task More_than_the_service_says_it_takes_is_refused_whole()
    {
        var world = await ScimWorld.NewAsync(host);
        var config = (await world.Scim.GetAsync("/ServiceProviderConfig", Ct)).Body.GetProperty("bulk");
        Assert.True(config.GetProperty("supported").GetBoolean());
        var most = config.GetProperty("maxOperations").GetInt32();

        var many = await BulkAsync(world, null, [.. Enumerable.Repeat("""{"method":"DELETE","path":"/Users/x"}""", most + 1)]);
        var alone = await BulkAsync(world, null, Post("1", world.User("ann", LargeText())), Post("2", world.User("bob")));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, many.Status);
        Assert.Equal(["413", "201"], Statuses(alone));
        Assert.Equal(1, (await world.Scim.GetAsync("/Users", Ct)).TotalResults);
    }

    [Fact]
    public async Task Of_many_refused_addresses_the_organization_is_told_of_two_hundred_in_an_hour()
    {
        var world = await ScimWorld.NewAsync(host);
        var elsewhere = Enumerable.Range(0, DirectoryUserEvents.MostRefusalsInAnHour + 10).Select(i => Post($"{i}", world.User($"u{i}", email: $"u{i}@elsewhere.test"))).ToArray();

        var reply = await BulkAsync(world, null, elsewhere);

        Assert.All(Statuses(reply), status => Assert.Equal("400", status));
        Assert.Equal(DirectoryUserEvents.MostRefusalsInAnHour, (await world.EventsAsync()).Count(e => e == EventTypes.DirectoryUserRefused));
        await world.CreateAsync("ann");
        Assert.Single(await world.EventsAsync(), EventTypes.DirectoryUserCreated);
    }

    /// <summary>Each value is one that may be, all of them together are too much for one user.</summary>
    private static string LargeText() => string.Join(',', new[] { "title", "nickName", "userType" }.Select(name => $"\"{name}\":\"{new string('x', 30_000)}\""));

    private static string Post(string bulkId, string user) => $$"""{"method":"POST","bulkId":"{{bulkId}}","path":"/Users","data":{{user}} }""";

    private static async Task<ScimReply> BulkAsync(ScimWorld world, int? failOnErrors, params string[] operations) =>
        await world.Scim.PostAsync("/Bulk", "{" + Schemas + (failOnErrors is { } most ? $",\"failOnErrors\":{most}" : "") + ",\"Operations\":[" + string.Join(',', operations) + "]}", Ct);

    private static IEnumerable<string?> Statuses(ScimReply reply)
    {
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Detail);
        return reply.Body.GetProperty("Operations").EnumerateArray().Select(o => o.GetProperty("status").GetString());
    }

    private static string Location(ScimReply reply, int index)
    {
        var location = reply.Body.GetProperty("Operations")[index].GetProperty("location").GetString()!; // every operation that was done has one
        return location[location.IndexOf("/Users/", StringComparison.Ordinal)..];
    }
}

[Collection(SqliteHost.Name)]
public sealed class ScimBulkOnSqlite(SqliteIdp host) : ScimBulkTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class ScimBulkOnPostgreSql(PostgreSqlIdp host) : ScimBulkTests(host);
