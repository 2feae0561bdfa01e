using System.Net;
using TenantIdP.Core.Directories;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>The same at once, and different things at once.</summary>
public abstract class ScimRaceTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, OutsideDomains.Reject)]
    [InlineData(false, OutsideDomains.Guest)]
    [Trait("Attack", "R8")]
    public async Task Of_twenty_equal_creations_one_is_done(bool withEmail, OutsideDomains outside)
    {
        var world = await ScimWorld.NewAsync(host, d => d with { OutsideDomains = outside });
        var body = withEmail ? world.User("ann") : """{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann"}""";

        var replies = await AtOnceAsync(20, _ => world.Scim.PostAsync("/Users", body, Ct));

        AssertOne(replies, HttpStatusCode.Created);
        Assert.Equal(1, (await world.Scim.GetAsync("/Users", Ct)).TotalResults);
    }

    [Theory]
    [InlineData("deactivated")]
    [InlineData("deleted")]
    [Trait("Attack", "R8")]
    public async Task Of_twenty_equal_returns_one_is_done(string how)
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann");
        if (how == "deleted") await world.Scim.DeleteAsync($"/Users/{made.Id}", Ct);
        else await world.Scim.PatchAsync($"/Users/{made.Id}", ScimWorld.Patch("""{"op":"replace","path":"active","value":false}"""), Ct);

        var replies = await AtOnceAsync(20, _ => world.Scim.PostAsync("/Users", world.User("ann"), Ct));

        AssertOne(replies, HttpStatusCode.Created);
        Assert.Equal(made.Id, replies.Single(r => r.Status == HttpStatusCode.Created).Id);
    }

    [Fact]
    [Trait("Attack", "R8")]
    public async Task Changes_of_one_user_at_once_are_all_kept_or_refused_as_conflicts()
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann");
        string[] attributes = ["title", "nickName", "userType", "locale", "timezone"];

        var replies = await AtOnceAsync(attributes.Length, i => world.Scim.PatchAsync($"/Users/{made.Id}", ScimWorld.Patch($$"""{"op":"add","path":"{{attributes[i]}}","value":"v{{i}}"}"""), Ct));

        var user = (await world.Scim.GetAsync($"/Users/{made.Id}", Ct)).Body;
        for (var i = 0; i < attributes.Length; i++)
        {
            Assert.True(replies[i].Status is HttpStatusCode.OK or HttpStatusCode.Conflict, replies[i].Detail);
            Assert.Equal(replies[i].Status == HttpStatusCode.OK, user.TryGetProperty(attributes[i], out var value) && value.GetString() == $"v{i}");
        }

        Assert.Contains(replies, r => r.Status == HttpStatusCode.OK);
    }

    [Fact]
    [Trait("Attack", "R8")]
    public async Task A_name_that_two_users_want_at_once_is_given_once()
    {
        var world = await ScimWorld.NewAsync(host);
        var ids = new List<string>();
        for (var i = 0; i < 10; i++) ids.Add((await world.CreateAsync($"u{i}")).Id);

        var replies = await AtOnceAsync(10, i => world.Scim.PatchAsync($"/Users/{ids[i]}", ScimWorld.Patch($$"""{"op":"replace","path":"userName","value":"{{world.Address("wanted")}}"}"""), Ct));

        AssertOne(replies, HttpStatusCode.OK);
    }

    private static async Task<ScimReply[]> AtOnceAsync(int count, Func<int, Task<ScimReply>> send)
    {
        using var start = new SemaphoreSlim(0);
        var all = Enumerable.Range(0, count).Select(i => Task.Run(
            async () =>
            {
                await start.WaitAsync(Ct);
                return await send(i);
            },
            Ct)).ToArray();
        start.Release(count);
        return await Task.WhenAll(all);
    }

    private static void AssertOne(ScimReply[] replies, HttpStatusCode done)
    {
        var others = replies.Where(r => r.Status != done).ToList();
        Assert.True(others.Count == replies.Length - 1 && others.TrueForAll(r => r.Status == HttpStatusCode.Conflict), string.Join('\n', replies.Select(r => $"{(int)r.Status} {r.Detail}")));
    }
}

[Collection(SqliteHost.Name)]
public sealed class ScimRacesOnSqlite(SqliteIdp host) : ScimRaceTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class ScimRacesOnPostgreSql(PostgreSqlIdp host) : ScimRaceTests(host);
