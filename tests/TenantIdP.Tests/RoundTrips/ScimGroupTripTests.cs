using System.Net.Http.Headers;
using System.Text;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.RoundTrips;

/// <summary>What groups cost: one member the same in a group of ten and of ten thousand, in one commit; nothing of the members where they are not asked for.</summary>
public abstract class ScimGroupTripTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Scene(MadeDirectory Made, string Small, string Large, IReadOnlyList<string> Spare);

    [Fact]
    public async Task One_member_costs_the_same_in_a_group_of_ten_and_of_ten_thousand()
    {
        var scene = await SceneAsync(10, 10_000, mapped: true);
        foreach (var group in new[] { scene.Small, scene.Large }) await OneAsync(scene, group, "add", scene.Spare[0]); // warm

        var (few, many) = (await OneAsync(scene, scene.Small, "add", scene.Spare[1]), await OneAsync(scene, scene.Large, "add", scene.Spare[1]));
        var (fewLess, manyLess) = (await OneAsync(scene, scene.Small, "remove", scene.Spare[1]), await OneAsync(scene, scene.Large, "remove", scene.Spare[1]));
        var again = await OneAsync(scene, scene.Large, "add", scene.Spare[0]);

        Assert.True(few.Count == many.Count, $"{few}\n=====\n{many}");
        Assert.True(fewLess.Count == manyLess.Count, $"{fewLess}\n=====\n{manyLess}");
        Assert.True(many is { Commits: 1, Statements.Count: <= 16 }, many.ToString());
        Assert.True(manyLess is { Commits: 1, Statements.Count: <= 16 }, manyLess.ToString());
        Assert.True(again is { Writes: 1 }, again.ToString()); // the lock
    }

    [Fact]
    public async Task Without_its_members_a_group_is_read_by_one_statement_that_does_not_touch_them()
    {
        var scene = await SceneAsync(10, 1_500, mapped: false);
        var read = $"/Groups/{scene.Large}?excludedAttributes=members";
        var filter = $"/Groups?filter={Uri.EscapeDataString($"id eq \"{scene.Large}\"")}&excludedAttributes=members";
        await SendAsync(scene, HttpMethod.Get, read, null);

        foreach (var path in new[] { read, filter })
        {
            var trips = await SendAsync(scene, HttpMethod.Get, path, null);
            Assert.DoesNotContain(trips.Statements, s => s.Contains("directory_group_members", StringComparison.Ordinal));
            Assert.True(trips is { Commits: 0, Statements.Count: <= 3 }, trips.ToString()); // the token, the group, and perhaps the last use
        }
    }

    [Fact]
    public async Task Replacing_a_group_is_a_number_of_statements_that_grows_by_the_thousand()
    {
        var scene = await SceneAsync(10, 3_000, mapped: false);
        var body = Patch($$"""{"op":"replace","path":"members","value":[{{string.Join(',', scene.Spare.Select(id => $"{{\"value\":\"{id}\"}}"))}}]}""");
        var trips = await SendAsync(scene, HttpMethod.Patch, $"/Groups/{scene.Large}", body);

        // Three walks and removals of a thousand; five rows come.
        Assert.True(trips is { Commits: 1, Statements.Count: <= 26 }, trips.ToString());
    }

    [Fact]
    public async Task Adding_thousands_at_once_is_a_number_of_statements_that_grows_by_the_thousand()
    {
        var scene = await SceneAsync(10, 3_000, mapped: false);
        var all = string.Join(',', (await MembersAsync(scene, scene.Large)).Select(id => $"{{\"value\":\"{id}\"}}"));
        var trips = await SendAsync(scene, HttpMethod.Patch, $"/Groups/{scene.Small}", Patch($$"""{"op":"add","path":"members","value":[{{all}}]}"""));

        // Who of a thousand is known, and the rows of the thousand: three times.
        Assert.True(trips is { Commits: 1, Statements.Count: <= 16 }, trips.ToString());
        Assert.Equal(3_000, (await MembersAsync(scene, scene.Small)).Count);
    }

    private Task<List<string>> MembersAsync(Scene scene, string group) => host.ReadAsync(async db =>
    {
        db.EnterOrganization(scene.Made.Directory.OrganizationId);
        var id = Id<DirectoryGroup>.Parse(group, null);
        return (await db.DirectoryGroupMembers.Where(m => m.GroupId == id).Select(m => m.DirectoryUserId).ToListAsync(Ct)).ConvertAll(user => user.ToString());
    });

    private Task<Trips> OneAsync(Scene scene, string group, string op, string user) =>
        SendAsync(scene, HttpMethod.Patch, $"/Groups/{group}", Patch(op == "add" ? $$"""{"op":"add","path":"members","value":[{"value":"{{user}}"}]}""" : $$"""{"op":"remove","path":"members[value eq \"{{user}}\"]"}"""));

    private static string Patch(string operation) => $$"""{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{{operation}}]}""";

    private async Task<Trips> SendAsync(Scene scene, HttpMethod method, string path, string? body)
    {
        var (key, trips) = DatabaseTrips.Begin(host.Unique("groups"));
        using var request = new HttpRequestMessage(method, $"{host.Issuer}/scim/v2/{scene.Made.Directory.Id}{path}") { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/scim+json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", scene.Made.Token.Secret);
        request.Headers.Add(DatabaseTrips.Header, key);
        using var answer = await host.Http.SendAsync(request, Ct);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ct));
        return trips.WithoutCaches();
    }

    /// <summary>Two groups and five users in neither, by rows: the use cases would take minutes.</summary>
    private async Task<Scene> SceneAsync(int few, int many, bool mapped)
    {
        var organization = await host.CreateOrganizationAsync(Ct);
        var made = await host.CreateDirectoryAsync(organization, Ct);
        var users = await host.ReadAsync(async db => await UsersAsync(db, made.Directory, many + 5));
        var groups = new List<DirectoryGroup>();
        foreach (var size in new[] { few, many })
        {
            var members = users.Take(size).Select(u => u.ToString()).ToList();
            groups.Add(await host.UseAsync<DirectoryGroupService, DirectoryGroup>(s => s.CreateAsync(made.Directory, new GroupFacts(host.Unique("Group"), null), members, Ct), organization.Id));
            if (!mapped) continue;
            var mapping = new NewGroupMapping(groups[^1].Id, BuiltInRoles.Guest, null);
            await host.UseAsync<GroupMappingService, GroupMappingView>(s => s.CreateAsync(organization.Id, made.Directory.Id, mapping, Granter.Instance, Ct), organization.Id);
        }

        return new Scene(made, groups[0].Id.ToString(), groups[1].Id.ToString(), [.. users.Skip(many).Select(u => u.ToString())]);
    }

    private async Task<List<Id<DirectoryUser>>> UsersAsync(IdpDbContext db, OrganizationDirectory directory, int count)
    {
        db.EnterOrganization(directory.OrganizationId);
        var (now, stem, ids) = (TimeProvider.System.GetUtcNow(), host.Unique("u"), new List<Id<DirectoryUser>>(count));
        foreach (var some in Enumerable.Range(0, count).Chunk(2_000))
        {
            foreach (var i in some)
            {
                var user = User.Create(PersonName.None, now, directory.OrganizationId);
                var membership = Membership.Join(directory.OrganizationId, user.Id, now);
                var row = DirectoryUser.Create(directory, membership, new DirectoryUserFacts { UserName = $"{stem}-{i}", Document = "{}" }, now);
                db.AddRange(user, membership, row);
                ids.Add(row.Id);
            }

            await db.SaveChangesAsync(Ct);
            db.ChangeTracker.Clear();
        }

        return ids;
    }
}

public sealed class ScimGroupTripsOnSqlite(SqliteTripsHost host) : ScimGroupTripTests(host), IClassFixture<SqliteTripsHost>;

[Trait("Store", "PostgreSql")]
public sealed class ScimGroupTripsOnPostgreSql(PostgreSqlTripsHost host) : ScimGroupTripTests(host), IClassFixture<PostgreSqlTripsHost>;
