using System.Net;
using System.Text.Json;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>Users of a directory over HTTP: RFC 7644 section 3.</summary>
public abstract class ScimUserTests(IdpHost host)
{
    private const string Core = "urn:ietf:params:scim:schemas:core:2.0:User";
    private const string Enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_user_is_made_read_and_shown_with_what_was_sent_and_what_the_server_adds()
    {
        var world = await ScimWorld.NewAsync(host);

        var made = await world.Scim.PostAsync("/Users", world.User("ann", $$"""
            "name":{"givenName":"Ann","familyName":"Smith"},"displayName":"Ann Smith","nickName":"Annie","roles":[],"groups":[],"password":"never to be kept",
            "{{Enterprise}}":{"department":"Tooling","manager":{"value":"m-1"} }
            """), Ct);

        Assert.True(made.Status == HttpStatusCode.Created, made.Detail);
        Assert.Equal($"{world.Scim.BaseAddress}/Users/{made.Id}", made.Headers.Location?.AbsoluteUri);
        Assert.Equal(made.Body.GetProperty("meta").GetProperty("version").GetString(), made.ETag);
        var read = await world.Scim.GetAsync($"/Users/{made.Id}", Ct);
        Assert.Equal(HttpStatusCode.OK, read.Status);
        Assert.True(JsonElement.DeepEquals(made.Body, read.Body), $"{made.Body}\n{read.Body}");
        Assert.Equal([Core, Enterprise], read.Body.GetProperty("schemas").EnumerateArray().Select(s => s.GetString()));
        Assert.Equal(("ext-ann", "Annie", true), (read.Body.GetProperty("externalId").GetString(), read.Body.GetProperty("nickName").GetString(), read.Body.GetProperty("active").GetBoolean()));
        Assert.Equal(("Tooling", "m-1"), (read.Body.GetProperty(Enterprise).GetProperty("department").GetString(), read.Body.GetProperty(Enterprise).GetProperty("manager").GetProperty("value").GetString()));
        Assert.Equal("User", read.Body.GetProperty("meta").GetProperty("resourceType").GetString());
        Assert.DoesNotContain("never to be kept", read.Body.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("never to be kept", (await world.RowsAsync(made.Id)).Row.Document, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_who_stands_is_not_made_twice_and_not_changed_by_the_second_try()
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann", "\"nickName\":\"first\"");

        var again = await world.Scim.PostAsync("/Users", world.User("ann", "\"nickName\":\"second\""), Ct);
        var otherCase = await world.Scim.PostAsync("/Users", world.User("ANN", externalId: "another"), Ct);
        var sameExternal = await world.Scim.PostAsync("/Users", world.User("bob", externalId: "ext-ann"), Ct);

        Assert.All([again, otherCase, sameExternal], reply => Assert.Equal((HttpStatusCode.Conflict, "uniqueness"), (reply.Status, reply.ScimType)));
        var read = await world.Scim.GetAsync($"/Users/{made.Id}", Ct);
        Assert.Equal(("first", made.ETag), (read.Body.GetProperty("nickName").GetString(), read.ETag));
    }

    [Theory]
    [InlineData("deactivated")]
    [InlineData("deleted")]
    public async Task A_user_whom_the_directory_has_ended_comes_back_under_the_same_id(string how)
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann", "\"nickName\":\"old\"");
        if (how == "deleted") Assert.Equal(HttpStatusCode.NoContent, (await world.Scim.DeleteAsync($"/Users/{made.Id}", Ct)).Status);
        else await world.Scim.PatchAsync($"/Users/{made.Id}", ScimWorld.Patch("""{"op":"replace","value":{"active":false}}"""), Ct);

        var again = await world.Scim.PostAsync("/Users", world.User("ann", "\"nickName\":\"new\""), Ct);

        Assert.Equal((HttpStatusCode.Created, made.Id), (again.Status, again.Id));
        Assert.Equal((true, "new"), (again.Body.GetProperty("active").GetBoolean(), again.Body.GetProperty("nickName").GetString()));
        Assert.Equal(HttpStatusCode.Conflict, (await world.Scim.PostAsync("/Users", world.User("ann"), Ct)).Status);
        Assert.Contains("member", await world.RolesAsync(made.Id));
    }

    [Fact]
    public async Task A_deleted_user_is_gone_and_the_second_deletion_finds_nobody()
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann");

        Assert.Equal(HttpStatusCode.NoContent, (await world.Scim.DeleteAsync($"/Users/{made.Id}", Ct)).Status);

        Assert.Equal(HttpStatusCode.NotFound, (await world.Scim.DeleteAsync($"/Users/{made.Id}", Ct)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await world.Scim.GetAsync($"/Users/{made.Id}", Ct)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await world.Scim.PutAsync($"/Users/{made.Id}", world.User("ann"), Ct)).Status);
        Assert.Equal(0, (await world.FilterAsync($"userName eq \"{world.Address("ann")}\"")).TotalResults);
        Assert.Equal(0, (await world.Scim.GetAsync("/Users", Ct)).TotalResults);
    }

    [Fact]
    public async Task A_replacement_leaves_nothing_of_what_was_not_sent_and_keeps_the_id()
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann", "\"nickName\":\"Annie\",\"title\":\"Engineer\"");

        var replaced = await world.Scim.PutAsync($"/Users/{made.Id}", world.User("ann", "\"title\":\"Lead\",\"id\":\"somebody else\""), Ct);

        Assert.Equal((HttpStatusCode.OK, made.Id), (replaced.Status, replaced.Id));
        Assert.Equal("Lead", replaced.Body.GetProperty("title").GetString());
        Assert.False(replaced.Body.TryGetProperty("nickName", out _));
        Assert.NotEqual(made.ETag, replaced.ETag);
        Assert.Equal(made.Body.GetProperty("meta").GetProperty("created").GetString(), replaced.Body.GetProperty("meta").GetProperty("created").GetString());
    }

    [Fact]
    public async Task A_patch_changes_what_it_names_answers_with_the_user_and_is_all_or_nothing()
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann", "\"title\":\"Engineer\"");

        var patched = await world.Scim.PatchAsync($"/Users/{made.Id}", ScimWorld.Patch(
            """{"op":"Replace","path":"title","value":"Lead"}""", """{"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value","value":"+49 30 1"}""", """{"op":"replace","value":{"name.givenName":"Ann"}}"""), Ct);
        var refused = await world.Scim.PatchAsync($"/Users/{made.Id}", ScimWorld.Patch("""{"op":"replace","path":"title","value":"Chief"}""", """{"op":"replace","path":"noSuchThing","value":"x"}"""), Ct);

        Assert.Equal(HttpStatusCode.OK, patched.Status);
        Assert.Equal(("Lead", "+49 30 1", "Ann"), (patched.Body.GetProperty("title").GetString(), patched.Body.GetProperty("phoneNumbers")[0].GetProperty("value").GetString(), patched.Body.GetProperty("name").GetProperty("givenName").GetString()));
        Assert.Equal((HttpStatusCode.BadRequest, "invalidPath"), (refused.Status, refused.ScimType));
        var read = await world.Scim.GetAsync($"/Users/{made.Id}", Ct);
        Assert.Equal(("Lead", patched.ETag), (read.Body.GetProperty("title").GetString(), read.ETag));
    }

    [Fact]
    public async Task What_changes_nothing_is_not_written()
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann", "\"title\":\"Engineer\"");
        var events = (await world.EventsAsync()).Count;

        var patched = await world.Scim.PatchAsync($"/Users/{made.Id}", ScimWorld.Patch("""{"op":"replace","path":"title","value":"Engineer"}""", """{"op":"replace","path":"active","value":"True"}"""), Ct);
        var replaced = await world.Scim.PutAsync($"/Users/{made.Id}", world.User("ann", "\"title\":\"Engineer\",\"active\":true"), Ct);

        Assert.Equal((made.ETag, made.ETag), (patched.ETag, replaced.ETag));
        Assert.Equal(events, (await world.EventsAsync()).Count);
    }

    [Fact]
    public async Task Versions_guard_reads_and_changes()
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.CreateAsync("ann");
        var (path, patch) = ($"/Users/{made.Id}", ScimWorld.Patch("""{"op":"replace","path":"title","value":"Lead"}"""));

        Assert.Equal(HttpStatusCode.NotModified, (await world.Scim.SendAsync("GET", path, null, Ct, ("If-None-Match", made.ETag!))).Status);
        var changed = await world.Scim.SendAsync("PATCH", path, patch, Ct, ("If-Match", made.ETag!));
        Assert.Equal(HttpStatusCode.OK, changed.Status);
        Assert.Equal(HttpStatusCode.OK, (await world.Scim.SendAsync("GET", path, null, Ct, ("If-None-Match", made.ETag!))).Status);
        foreach (var (method, body) in new[] { ("PATCH", patch), ("PUT", world.User("ann")), ("DELETE", null) })
            Assert.Equal(HttpStatusCode.PreconditionFailed, (await world.Scim.SendAsync(method, path, body, Ct, ("If-Match", made.ETag!))).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await world.Scim.SendAsync("DELETE", path, null, Ct, ("If-Match", changed.ETag!))).Status);
    }

    [Fact]
    public async Task A_userName_is_changed_to_one_that_is_free_and_to_no_other()
    {
        var world = await ScimWorld.NewAsync(host);
        var (ann, bob) = (await world.CreateAsync("ann"), await world.CreateAsync("bob"));

        var taken = await world.Scim.PatchAsync($"/Users/{bob.Id}", ScimWorld.Patch($$"""{"op":"replace","path":"userName","value":"{{world.Address("ANN")}}"}"""), Ct);
        Assert.Equal((HttpStatusCode.Conflict, "uniqueness"), (taken.Status, taken.ScimType));
        await world.Scim.DeleteAsync($"/Users/{ann.Id}", Ct);
        var free = await world.Scim.PatchAsync($"/Users/{bob.Id}", ScimWorld.Patch($$"""{"op":"replace","path":"userName","value":"{{world.Address("ann")}}"}"""), Ct);
        Assert.Equal((HttpStatusCode.OK, bob.Id), (free.Status, free.Id));
    }

    [Fact]
    public async Task Attributes_are_chosen_in_every_answer()
    {
        var world = await ScimWorld.NewAsync(host);
        var made = await world.Scim.PostAsync("/Users?attributes=userName", world.User("ann", "\"title\":\"Lead\""), Ct);

        Assert.Equal(["id", "schemas", "userName"], Names(made.Body));
        Assert.Equal(["id", "schemas", "title"], Names((await world.Scim.GetAsync($"/Users/{made.Id}?attributes=title", Ct)).Body));
        Assert.DoesNotContain("title", Names((await world.Scim.GetAsync($"/Users/{made.Id}?excludedAttributes=title", Ct)).Body));
        Assert.Equal(["id", "schemas", "userName"], Names((await world.Scim.GetAsync("/Users?attributes=userName", Ct)).Body.GetProperty("Resources")[0]));

        static IEnumerable<string> Names(JsonElement json) => json.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("", 400, "invalidSyntax")]
    [InlineData("{", 400, "invalidSyntax")]
    [InlineData("""{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}""", 400, "invalidValue")]
    [InlineData("""{"userName":"x"}""", 400, "invalidSyntax")]
    [InlineData("""{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"x","active":"maybe"}""", 400, "invalidValue")]
    [InlineData("""{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"x","emails":[{"value":"not an address"}]}""", 400, "invalidValue")]
    public async Task What_can_not_be_understood_is_refused_with_its_keyword(string body, int status, string scimType)
    {
        var world = await ScimWorld.NewAsync(host);

        var reply = await world.Scim.PostAsync("/Users", body, Ct);

        Assert.Equal((status, scimType), ((int)reply.Status, reply.ScimType));
        Assert.Equal(0, (await world.Scim.GetAsync("/Users", Ct)).TotalResults);
    }

    [Fact]
    [Trait("Attack", "E1")]
    public async Task A_user_of_another_directory_is_not_there_in_any_place_an_id_can_stand()
    {
        var (ours, theirs) = (await ScimWorld.NewAsync(host), await ScimWorld.NewAsync(host));
        var sibling = new ScimWorld(host, ours.Organization, ours.Domain, await host.CreateDirectoryAsync(ours.Organization, Ct));
        var (victim, cousin) = (await theirs.CreateAsync("victim", "\"title\":\"secret\""), await sibling.CreateAsync("cousin"));
        var patch = ScimWorld.Patch("""{"op":"replace","path":"active","value":false}""");
        foreach (var id in new[] { victim.Id, cousin.Id })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await ours.Scim.GetAsync($"/Users/{id}", Ct)).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await ours.Scim.PutAsync($"/Users/{id}", ours.User("x"), Ct)).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await ours.Scim.PatchAsync($"/Users/{id}", patch, Ct)).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await ours.Scim.DeleteAsync($"/Users/{id}", Ct)).Status);
            Assert.Equal(0, (await ours.FilterAsync($"id eq \"{id}\"")).TotalResults);
            var bulk = await ours.Scim.PostAsync("/Bulk", $$"""
                {"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[{"method":"DELETE","path":"/Users/{{id}}"},{"method":"PATCH","path":"/Users/{{id}}","data":{{patch}} }]}
                """, Ct);
            Assert.All(bulk.Body.GetProperty("Operations").EnumerateArray(), o => Assert.Equal("404", o.GetProperty("status").GetString()));
        }

        Assert.Equal(0, (await ours.FilterAsync("title eq \"secret\"")).TotalResults);
        Assert.Equal((HttpStatusCode.OK, victim.ETag), ((await theirs.Scim.GetAsync($"/Users/{victim.Id}", Ct)).Status, (await theirs.Scim.GetAsync($"/Users/{victim.Id}", Ct)).ETag));
    }

    [Fact]
    [Trait("Attack", "E2")]
    public async Task An_external_id_is_never_one_of_ours()
    {
        var world = await ScimWorld.NewAsync(host);
        var ann = await world.CreateAsync("ann");
        var rows = await world.RowsAsync(ann.Id);
        foreach (var (local, external) in new[] { ("n1", "1"), ("n2", ann.Id), ("n3", rows.User.Id.ToString()), ("n4", rows.Membership.Id.ToString()), ("n5", rows.User.Id.Value.ToString()) })
        {
            var made = await world.Scim.PostAsync("/Users", world.User(local, externalId: external), Ct);
            Assert.Equal(HttpStatusCode.Created, made.Status);
            Assert.NotEqual(ann.Id, made.Id);
            Assert.NotEqual(rows.User.Id, (await world.RowsAsync(made.Id)).User.Id);
            Assert.Equal(made.Id, (await world.FilterAsync($"externalId eq \"{external}\"")).Body.GetProperty("Resources")[0].GetProperty("id").GetString());
        }

        Assert.Equal(HttpStatusCode.NotFound, (await world.Scim.GetAsync("/Users/1", Ct)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await world.Scim.GetAsync("/Users/ext-ann", Ct)).Status);
        Assert.Equal(0, (await world.FilterAsync("id eq \"ext-ann\"")).TotalResults);
        Assert.Equal(HttpStatusCode.BadRequest, (await world.Scim.PostAsync("/Users", world.User("n6").Replace("\"ext-n6\"", "1", StringComparison.Ordinal), Ct)).Status);
    }
}

[Collection(SqliteHost.Name)]
public sealed class ScimUsersOnSqlite(SqliteIdp host) : ScimUserTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class ScimUsersOnPostgreSql(PostgreSqlIdp host) : ScimUserTests(host);
