using System.Diagnostics;
using System.Net;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>Lists of users: filters, order, pages by index and by cursor, searches.</summary>
public abstract class ScimUserListTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_identity_providers_match_by_finds_one_user_and_a_stranger_finds_none()
    {
        var world = await ScimWorld.NewAsync(host);
        var ann = await world.CreateAsync("ann", "\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\":{\"manager\":{\"value\":\"m-1\"}}");
        await world.CreateAsync("bob");
        var (name, urn) = (world.Address("ann"), "urn:ietf:params:scim:schemas:core:2.0:User");
        foreach (var filter in new[]
        {
            $"userName eq \"{name}\"", $"USERNAME Eq \"{name.ToUpperInvariant()}\"", $"{urn}:userName eq \"{name}\"", "externalId eq \"ext-ann\"", $"id eq \"{ann.Id}\"", $"emails eq \"{name}\"", $"emails.value eq \"{name.ToUpperInvariant()}\"",
            $"emails[type eq \"work\"].value eq \"{name}\"", $"emails[type eq \"work\" and value eq \"{name}\"]", $"userName eq \"{name}\" and active eq true", $"id eq \"{ann.Id}\" and urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq \"m-1\"",
            $"userName sw \"{name[..3]}\"", "externalId eq \"ext-ann\" or externalId eq \"nobody\"", $"not (userName eq \"{world.Address("bob")}\")", $"userName eq \"{name}\" and externalId eq \"ext-ann\" and emails.value eq \"{name}\"",
        })
        {
            var found = await world.FilterAsync(filter);
            Assert.True(found.Status == HttpStatusCode.OK, $"{filter}: {found.Detail}");
            Assert.Equal([ann.Id], found.Body.GetProperty("Resources").EnumerateArray().Select(r => r.GetProperty("id").GetString()));
            Assert.Equal(1, found.TotalResults);
        }

        foreach (var filter in new[]
        {
            "userName eq \"nobody\"", "externalId eq \"EXT-ANN\"", "id eq \"x\"", $"emails[type eq \"home\"].value eq \"{name}\"", $"userName eq \"{name}\" and active eq false", $"userName eq \"{name}\" and externalId eq \"ext-bob\"",
            $"userName eq \"{name}\" and userName eq \"{world.Address("bob")}\"", "groups.value eq \"g\"", "groups pr", "meta.created lt \"2001-01-01T00:00:00Z\"",
        })
        {
            var found = await world.FilterAsync(filter);
            Assert.True(found is { Status: HttpStatusCode.OK, TotalResults: 0 }, $"{filter}: {found.Body}");
            Assert.Equal(0, found.Body.GetProperty("Resources").GetArrayLength());
        }
    }

    [Fact]
    public async Task Pages_by_index_and_by_cursor_have_everybody_once_in_each_order()
    {
        var world = await ScimWorld.NewAsync(host);
        string[] locals = ["delta", "Alpha", "charlie", "bravo", "echo", "foxtrot", "golf"];
        foreach (var local in locals) await world.CreateAsync(local, $"\"title\":\"T{9 - local.Length}\"");
        var expected = locals.Select(world.Address).Order(StringComparer.OrdinalIgnoreCase).ToList();

        foreach (var rest in new[] { "", "&sortBy=userName", "&sortBy=title", "&sortBy=userName&sortOrder=descending", "&filter=userName%20pr", "&filter=userName%20pr&sortBy=userName", "&filter=title%20sw%20%22T%22&sortBy=meta.created" })
        {
            var (byIndex, byCursor) = (new List<string>(), new List<string>());
            for (var start = 1; start <= 7; start += 3)
            {
                var page = (await world.Scim.GetAsync($"/Users?startIndex={start}&count=3{rest}", Ct)).Body;
                Assert.Equal((7, start, Math.Min(3, 8 - start)), (page.GetProperty("totalResults").GetInt32(), page.GetProperty("startIndex").GetInt32(), page.GetProperty("itemsPerPage").GetInt32()));
                byIndex.AddRange(Names(page));
            }

            for (string? cursor = ""; cursor is not null;)
            {
                var page = (await world.Scim.GetAsync($"/Users?cursor={cursor}&count=3{rest}", Ct)).Body;
                Assert.Equal(7, page.GetProperty("totalResults").GetInt32());
                byCursor.AddRange(Names(page));
                cursor = page.TryGetProperty("nextCursor", out var next) ? next.GetString() : null;
            }

            Assert.True(byIndex.SequenceEqual(byCursor), $"{rest}: {string.Join(' ', byIndex)} | {string.Join(' ', byCursor)}");
            Assert.Equal(expected, byIndex.Order(StringComparer.OrdinalIgnoreCase));
            if (rest.Contains("sortBy=userName", StringComparison.Ordinal)) Assert.Equal(rest.Contains("descending", StringComparison.Ordinal) ? expected.AsEnumerable().Reverse() : expected, byIndex);
        }

        static IEnumerable<string> Names(System.Text.Json.JsonElement page) => page.GetProperty("Resources").EnumerateArray().Select(r => r.GetProperty("userName").GetString()!); // required
    }

    [Fact]
    public async Task Pages_that_are_not_there_are_empty_and_the_total_stays_right()
    {
        var world = await ScimWorld.NewAsync(host);
        for (var i = 0; i < 3; i++) await world.CreateAsync($"u{i}");

        foreach (var query in new[] { "count=0", "startIndex=100", "startIndex=99999999999999&count=5", "startIndex=100&filter=userName%20pr", "count=-5", "count=0&filter=userName%20pr", "count=0&sortBy=title" })
        {
            var page = await world.Scim.GetAsync($"/Users?{query}", Ct);
            Assert.True(page is { Status: HttpStatusCode.OK, TotalResults: 3 }, $"{query}: {page.Body}");
            Assert.Equal(0, page.Body.GetProperty("Resources").GetArrayLength());
        }

        Assert.Equal(3, (await world.Scim.GetAsync("/Users?startIndex=-5&count=100000", Ct)).Body.GetProperty("Resources").GetArrayLength());
    }

    [Fact]
    public async Task A_cursor_is_good_for_its_own_query_only_and_not_to_be_made_up()
    {
        var world = await ScimWorld.NewAsync(host);
        for (var i = 0; i < 3; i++) await world.CreateAsync($"u{i}");
        var cursor = (await world.Scim.GetAsync("/Users?cursor=&count=1", Ct)).Body.GetProperty("nextCursor").GetString();

        foreach (var query in new[] { $"cursor={cursor}&sortBy=userName", $"cursor={cursor}&filter=userName%20pr", "cursor=abc", "cursor=%00", $"cursor={cursor}&startIndex=1" })
            Assert.Equal(HttpStatusCode.BadRequest, (await world.Scim.GetAsync($"/Users?{query}", Ct)).Status);
        Assert.Equal("invalidCursor", (await world.Scim.GetAsync("/Users?cursor=abc", Ct)).ScimType);
    }

    [Fact]
    public async Task A_search_by_a_body_answers_as_the_query_does_and_one_over_all_finds_users()
    {
        var world = await ScimWorld.NewAsync(host);
        for (var i = 0; i < 5; i++) await world.CreateAsync($"u{i}");
        string Search(string more) => $$"""{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],{{more}}}""";

        var ofUsers = await world.Scim.PostAsync("/Users/.search", Search("""
            "filter":"userName sw \"u\"","attributes":["userName"],"sortBy":"userName","startIndex":2,"count":2
            """), Ct);
        Assert.True(ofUsers.Status == HttpStatusCode.OK, ofUsers.Detail);
        Assert.Equal([world.Address("u1"), world.Address("u2")], ofUsers.Body.GetProperty("Resources").EnumerateArray().Select(r => r.GetProperty("userName").GetString()));
        Assert.Equal(5, ofUsers.TotalResults);

        var ofAll = await world.Scim.PostAsync("/.search", Search("""
            "filter":"meta.resourceType eq \"User\"","startIndex":4,"count":10
            """), Ct);
        Assert.Equal((5, 2), (ofAll.TotalResults, ofAll.Body.GetProperty("Resources").GetArrayLength()));
        Assert.Equal((HttpStatusCode.BadRequest, "invalidFilter"), ((await world.Scim.PostAsync("/.search", Search("\"filter\":\"nothing has this eq 1\""), Ct)).Status, (await world.Scim.PostAsync("/.search", Search("\"filter\":\"nothingHasThis eq 1\""), Ct)).ScimType));
    }

    public static TheoryData<string> Hostile => new()
    {
        "userName eq \"%\"", "userName eq \"_nn@\"", "userName eq \"\\\\\"", "userName sw \"%\"", "userName co \"_\"", "userName eq \"' OR 1=1 --\"", "externalId eq \"\\\" or userName pr or userName eq \\\"\"", "emails.value eq \"%@%\"",
        "emails[value eq \"%\"]", "id eq \"%\"", "id eq \"' OR ''='\"", "userName eq \"\\u0000\"", "userName eq \"\\ud800\"", "userName eq \"" + new string('x', 3_900) + "\"", "emails.value eq \"" + new string('x', 3_900) + "\"",
        new string('(', 3_000) + "userName pr" + new string(')', 3_000), string.Concat(Enumerable.Repeat("not (", 800)) + "userName pr" + new string(')', 800), string.Join(" and ", Enumerable.Repeat("title pr", 400)),
        "userName eq \"" + new string('y', 50_000 / 8) + "\"", "noSuchAttribute eq \"x\"", "password eq \"x\"", "password pr", "password sw \"\"", "urn:ietf:params:scim:schemas:core:2.0:User:password eq \"x\"", "userName", "", "eq", "userName eq", "userName eq 'x'", "active gt true",
    };

    [Theory, MemberData(nameof(Hostile))]
    [Trait("Attack", "E7")]
    public async Task A_hostile_filter_means_what_it_says_or_is_refused_and_costs_little(string filter)
    {
        var world = await ScimWorld.NewAsync(host);
        await world.CreateAsync("ann");
        await world.FilterAsync("userName pr and title eq \"warm\""); // compiled once, whatever is measured next

        var before = Stopwatch.GetTimestamp();
        var reply = await world.FilterAsync(filter);
        var took = Stopwatch.GetElapsedTime(before);

        if (reply.Status == HttpStatusCode.OK) Assert.Equal(0, reply.TotalResults);
        else Assert.Equal((HttpStatusCode.BadRequest, "invalidFilter"), (reply.Status, reply.ScimType));
        // A tenth of a second is what it takes here at most; the bound leaves room for a machine with other work.
        Assert.True(took < TimeSpan.FromSeconds(5), $"{took}");
    }
}

[Collection(SqliteHost.Name)]
public sealed class ScimUserListsOnSqlite(SqliteIdp host) : ScimUserListTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class ScimUserListsOnPostgreSql(PostgreSqlIdp host) : ScimUserListTests(host);
