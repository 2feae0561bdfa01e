using System.Net.Http.Headers;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using TenantIdP.Tests.Directories;
using Xunit;

namespace TenantIdP.Tests.RoundTrips;

/// <summary>What a directory's requests about users cost: the same however many users there are, and one commit for a change.</summary>
public abstract class ScimTripTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_about_one_user_is_as_many_statements_among_sixty_as_among_five()
    {
        var world = await ScimWorld.NewAsync(host);
        for (var i = 0; i < 5; i++) await world.CreateAsync($"warm{i}");
        await RunAsync(world, "warm"); // compiled and cached
        var few = await RunAsync(world, "few");
        for (var i = 0; i < 55; i++) await world.CreateAsync($"more{i}");

        var many = await RunAsync(world, "many");

        for (var i = 0; i < few.Count; i++) Assert.True(few[i].Trips.Count == many[i].Trips.Count, $"{few[i].Name}\n{few[i].Trips}\n=====\n{many[i].Trips}");
        Assert.All(many, one => Assert.True(one.Trips.Statements.Count <= one.Most && one.Trips.Commits == one.Commits, $"{one.Name}\n{one.Trips}"));
    }

    /// <summary>On SQLite each row that is written is a statement; on PostgreSQL all rows of one save are.</summary>
    private int Most(int sqlite, int postgreSql) => host.Store is PostgreSqlStore ? postgreSql : sqlite;

    // One of them in each answer reads the groups of those who are shown.
    private async Task<IReadOnlyList<(string Name, Trips Trips, int Most, int Commits)>> RunAsync(ScimWorld world, string local)
    {
        var (created, create) = await CountAsync(world, HttpMethod.Post, "/Users", world.User(local));
        var (name, path) = (world.Address(local), $"/Users/{created}");
        string Filter(string filter) => $"/Users?filter={Uri.EscapeDataString(filter)}";
        return
        [
            ("create", create, Most(22, 12), 1),
            ("get", (await CountAsync(world, HttpMethod.Get, path, null)).Trips, 3, 0),
            ("filter by userName", (await CountAsync(world, HttpMethod.Get, Filter($"userName eq \"{name}\""), null)).Trips, 3, 0),
            ("filter by address", (await CountAsync(world, HttpMethod.Get, Filter($"emails[type eq \"work\"].value eq \"{name}\""), null)).Trips, 3, 0),
            ("list", (await CountAsync(world, HttpMethod.Get, "/Users?count=3", null)).Trips, 4, 0),
            ("change one attribute", (await CountAsync(world, HttpMethod.Patch, path, ScimWorld.Patch("""{"op":"replace","path":"title","value":"Lead"}"""))).Trips, Most(6, 5), 1),
            ("change nothing", (await CountAsync(world, HttpMethod.Patch, path, ScimWorld.Patch("""{"op":"replace","path":"title","value":"Lead"}"""))).Trips, 3, 1),
            ("deactivate", (await CountAsync(world, HttpMethod.Patch, path, ScimWorld.Patch("""{"op":"replace","path":"active","value":false}"""))).Trips, Most(13, 11), 1),
        ];
    }

    private async Task<(string? Id, Trips Trips)> CountAsync(ScimWorld world, HttpMethod method, string path, string? body)
    {
        var (key, trips) = DatabaseTrips.Begin(host.Unique("scim"));
        var reply = await world.Scim.SendAsync(method.Method, path, body, Ct, (DatabaseTrips.Header, key));
        Assert.True((int)reply.Status < 300, reply.Detail);
        return (reply.Body.TryGetProperty("id", out var id) ? id.GetString() : null, trips.WithoutCaches());
    }
}

public sealed class ScimTripsOnSqlite(SqliteTripsHost host) : ScimTripTests(host), IClassFixture<SqliteTripsHost>;

[Trait("Store", "PostgreSql")]
public sealed class ScimTripsOnPostgreSql(PostgreSqlTripsHost host) : ScimTripTests(host), IClassFixture<PostgreSqlTripsHost>;
