using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>Groups of a directory over HTTP: RFC 7644 section 3, and the shapes in which identity providers send it.</summary>
public abstract class ScimGroupTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Group(string name, string? more = null) =>
        $$"""{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"{{name}}"{{(more is null ? "" : "," + more)}}}""";

    private static string Members(params string[] ids) => $"\"members\":[{string.Join(',', ids.Select(id => $"{{\"value\":\"{id}\"}}"))}]";

    private static async Task<ScimReply> PushAsync(ScimWorld world, string name, string? more = null)
    {
        var made = await world.Scim.PostAsync("/Groups", Group(name, more), Ct);
        Assert.True(made.Status == HttpStatusCode.Created, $"{made.Status} {made.Detail}");
        return made;
    }

    private static async Task<IReadOnlyList<string>> MembersAsync(ScimWorld world, string id)
    {
        var read = await world.Scim.GetAsync($"/Groups/{id}", Ct);
        return read.Body.TryGetProperty("members", out var members) ? [.. members.EnumerateArray().Select(m => m.GetProperty("value").GetString()!).Order(StringComparer.Ordinal)] : []; // a member has one
    }

    private static Task<ScimReply> FindAsync(ScimWorld world, string filter, string rest = "") => world.Scim.GetAsync($"/Groups?filter={Uri.EscapeDataString(filter)}{rest}", Ct);

    private static IReadOnlyList<string> Ids(ScimReply list) => [.. list.Body.GetProperty("Resources").EnumerateArray().Select(g => g.GetProperty("id").GetString()!)]; // a resource has one

    [Fact]
    public async Task A_group_is_made_and_shown_with_its_members_and_its_members_show_it()
    {
        var world = await ScimWorld.NewAsync(host);
        var ann = await world.CreateAsync("ann", "\"displayName\":\"Ann Smith\"");

        var made = await PushAsync(world, "Engineering", $"\"externalId\":\"object-1\",{Members(ann.Id)}");

        Assert.Equal($"{world.Scim.BaseAddress}/Groups/{made.Id}", made.Headers.Location?.AbsoluteUri);
        var read = await world.Scim.GetAsync($"/Groups/{made.Id}", Ct);
        Assert.True(JsonElement.DeepEquals(made.Body, read.Body), $"{made.Body}\n{read.Body}");
        Assert.Equal(("Engineering", "object-1", "Group"), (read.Body.GetProperty("displayName").GetString(), read.Body.GetProperty("externalId").GetString(), read.Body.GetProperty("meta").GetProperty("resourceType").GetString()));
        Assert.Equal(
            $$"""{"value":"{{ann.Id}}","$ref":"{{world.Scim.BaseAddress}}/Users/{{ann.Id}}","type":"User","display":"Ann Smith"}""", Assert.Single(read.Body.GetProperty("members").EnumerateArray()).GetRawText());
        var user = await world.Scim.GetAsync($"/Users/{ann.Id}", Ct);
        Assert.Equal(
            $$"""{"value":"{{made.Id}}","$ref":"{{world.Scim.BaseAddress}}/Groups/{{made.Id}}","display":"Engineering","type":"direct"}""", Assert.Single(user.Body.GetProperty("groups").EnumerateArray()).GetRawText());
        Assert.Equal(1, (await world.FilterAsync($"groups.value eq \"{made.Id}\"")).TotalResults);
        Assert.Equal(0, (await world.FilterAsync($"groups.value eq \"{ann.Id}\"")).TotalResults);
        var exported = await host.UseAsync<Core.Users.UserExport, Core.Users.ExportedUser>(async s => await s.ExportAsync((await world.RowsAsync(ann.Id)).User.Id, Ct));
        Assert.Equal("Engineering", Assert.Single(Assert.Single(exported.DirectoryUsers).Groups));
    }

    [Fact]
    [Trait("Scim", "V20")]
    public async Task A_name_is_taken_whatever_its_case_and_the_second_try_changes_nothing()
    {
        var world = await ScimWorld.NewAsync(host);
        var ann = await world.CreateAsync("ann");
        var made = await PushAsync(world, "Engineering", $"\"externalId\":\"object-1\",{Members(ann.Id)}");
        var other = await PushAsync(world, "Sales");

        ScimReply[] refused =
        [
            await world.Scim.PostAsync("/Groups", Group("ENGINEERING"), Ct), await world.Scim.PostAsync("/Groups", Group("Other", "\"externalId\":\"object-1\""), Ct),
            await world.Scim.PutAsync($"/Groups/{other.Id}", Group("engineering"), Ct), await world.Scim.PatchAsync($"/Groups/{other.Id}", ScimWorld.Patch("""{"op":"replace","value":{"displayName":"Engineering"}}"""), Ct),
        ];

        Assert.All(refused, r => Assert.Equal((HttpStatusCode.Conflict, "uniqueness"), (r.Status, r.ScimType)));
        Assert.Equal(made.ETag, (await world.Scim.GetAsync($"/Groups/{made.Id}", Ct)).ETag);
        Assert.Equal("Sales", (await world.Scim.GetAsync($"/Groups/{other.Id}", Ct)).Body.GetProperty("displayName").GetString());
    }

    [Fact]
    public async Task A_patch_answers_nothing_and_what_is_said_again_keeps_the_version()
    {
        var world = await ScimWorld.NewAsync(host);
        var (ann, bob) = (await world.CreateAsync("ann"), await world.CreateAsync("bob"));
        var made = await PushAsync(world, "Engineering", Members(ann.Id));
        var add = ScimWorld.Patch($$"""{"op":"add","path":"members","value":[{"value":"{{bob.Id}}"}]}""");

        var stale = await world.Scim.SendAsync("PATCH", $"/Groups/{made.Id}", add, Ct, ("If-Match", "W/\"77\""));
        var done = await world.Scim.SendAsync("PATCH", $"/Groups/{made.Id}", add, Ct, ("If-Match", made.ETag!)); // made
        var again = await world.Scim.PatchAsync($"/Groups/{made.Id}", add, Ct);

        Assert.Equal([HttpStatusCode.PreconditionFailed, HttpStatusCode.NoContent, HttpStatusCode.NoContent], [stale.Status, done.Status, again.Status]);
        Assert.Equal(JsonValueKind.Undefined, done.Body.ValueKind);
        Assert.NotEqual(made.ETag, done.ETag);
        Assert.Equal(done.ETag, again.ETag);
        Assert.Equal(HttpStatusCode.NotModified, (await world.Scim.SendAsync("GET", $"/Groups/{made.Id}", null, Ct, ("If-None-Match", done.ETag!))).Status); // asserted
        var shown = await world.Scim.PatchAsync($"/Groups/{made.Id}?attributes=displayName", ScimWorld.Patch("""{"op":"replace","path":"displayName","value":"Builders"}"""), Ct);
        Assert.Equal((HttpStatusCode.OK, "Builders"), (shown.Status, shown.Body.GetProperty("displayName").GetString()));
        Assert.False(shown.Body.TryGetProperty("members", out _));
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await world.Scim.SendAsync("DELETE", $"/Groups/{made.Id}", null, Ct, ("If-Match", made.ETag!))).Status); // as above
    }

    [Fact]
    [Trait("Scim", "V15")]
    public async Task A_deleted_group_is_gone_for_everybody()
    {
        var world = await ScimWorld.NewAsync(host);
        var ann = await world.CreateAsync("ann");
        var made = await PushAsync(world, "Engineering", Members(ann.Id));

        ScimReply[] gone =
        [
            await world.Scim.DeleteAsync($"/Groups/{made.Id}", Ct), await world.Scim.DeleteAsync($"/Groups/{made.Id}", Ct), await world.Scim.GetAsync($"/Groups/{made.Id}", Ct),
            await world.Scim.PatchAsync($"/Groups/{made.Id}", ScimWorld.Patch("""{"op":"replace","path":"displayName","value":"x"}"""), Ct), await world.Scim.PutAsync($"/Groups/{made.Id}", Group("x"), Ct),
        ];

        Assert.Equal([HttpStatusCode.NoContent, HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.NotFound], gone.Select(g => g.Status));
        Assert.False((await world.Scim.GetAsync($"/Users/{ann.Id}", Ct)).Body.TryGetProperty("groups", out _));
    }

    [Fact]
    public async Task Who_is_deleted_is_in_no_group_and_who_is_deactivated_stays_in_theirs()
    {
        var world = await ScimWorld.NewAsync(host);
        var (ann, bob) = (await world.CreateAsync("ann"), await world.CreateAsync("bob"));
        var made = await PushAsync(world, "Engineering", Members(ann.Id, bob.Id));

        Assert.Equal(HttpStatusCode.NoContent, (await world.Scim.DeleteAsync($"/Users/{ann.Id}", Ct)).Status);
        await world.Scim.PatchAsync($"/Users/{bob.Id}", ScimWorld.Patch("""{"op":"replace","value":{"active":false}}"""), Ct);

        Assert.Equal([bob.Id], await MembersAsync(world, made.Id));
        Assert.NotEqual(made.ETag, (await world.Scim.GetAsync($"/Groups/{made.Id}", Ct)).ETag);
        await world.CreateAsync("ann");
        Assert.Equal([bob.Id], await MembersAsync(world, made.Id));
    }

    [Theory]
    [InlineData("displayName eq \"engineering\"", true)]
    [InlineData("externalId eq \"object-1\"", true)]
    [InlineData("externalId eq \"OBJECT-1\"", false)]
    [InlineData("id eq \"{group}\"", true)]
    [InlineData("id eq \"{ann}\"", false)]
    [InlineData("members.value eq \"{ann}\"", true)]
    [InlineData("members eq \"{ann}\"", true)]
    [InlineData("members[value eq \"{ann}\"]", true)]
    [InlineData("members[value eq \"{ann}\" or value eq \"{bob}\"]", true)]
    [InlineData("members.value eq \"{bob}\"", false)]
    [InlineData("members.value eq \"nobody\"", false)]
    [InlineData("id eq \"{group}\" and members.value eq \"{ann}\"", true)]
    [InlineData("id eq \"{group}\" and not (members.value eq \"{bob}\")", true)]
    [InlineData("displayName sw \"ENG\" and members pr", true)]
    [InlineData("displayName sw \"eng\" and not (members.value pr)", false)]
    [InlineData("displayName eq \"Sales\" or members.value eq \"{ann}\"", true)]
    [InlineData("displayName eq \"Engineering\" and displayName eq \"Sales\"", false)]
    [InlineData("meta.created gt \"2020-01-01T00:00:00Z\" and displayName co \"neer\"", true)]
    [InlineData("displayName co \"%\"", false)]
    public async Task A_filter_finds_what_it_means(string filter, bool found)
    {
        var world = await ScimWorld.NewAsync(host);
        var (ann, bob) = (await world.CreateAsync("ann"), await world.CreateAsync("bob"));
        var group = await PushAsync(world, "Engineering", $"\"externalId\":\"object-1\",{Members(ann.Id)}");
        await PushAsync(world, "Empty", "\"externalId\":\"object-2\"");

        var list = await FindAsync(world, filter.Replace("{group}", group.Id, StringComparison.Ordinal).Replace("{ann}", ann.Id, StringComparison.Ordinal).Replace("{bob}", bob.Id, StringComparison.Ordinal), "&excludedAttributes=members");

        Assert.True(list.Status == HttpStatusCode.OK, list.Detail);
        Assert.Equal((found ? 1 : 0, found), (list.TotalResults, Ids(list).Contains(group.Id)));
        Assert.DoesNotContain("members", list.Body.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Attack", "E7")]
    [InlineData("members.value ne \"x\"")]
    [InlineData("members.display co \"a\"")]
    [InlineData("members[type eq \"User\"]")]
    [InlineData("members[not (value eq \"x\")]")]
    [InlineData("nothing eq \"x\"")]
    [InlineData("displayName eq")]
    public async Task What_can_not_be_asked_is_an_error(string filter)
    {
        var list = await FindAsync(await ScimWorld.NewAsync(host), filter);

        Assert.Equal((HttpStatusCode.BadRequest, "invalidFilter"), (list.Status, list.ScimType));
    }

    [Fact]
    public async Task Lists_are_paged_and_sorted()
    {
        var world = await ScimWorld.NewAsync(host);
        foreach (var name in new[] { "Delta", "alpha", "Charlie", "bravo" }) await PushAsync(world, name);

        var second = await world.Scim.GetAsync("/Groups?sortBy=displayName&startIndex=2&count=2", Ct);
        Assert.Equal((4, 2, "bravo,Charlie"), (second.TotalResults, second.Body.GetProperty("startIndex").GetInt32(), Names(second)));
        Assert.Equal("Delta,Charlie,bravo,alpha", Names(await world.Scim.GetAsync("/Groups?sortBy=displayName&sortOrder=descending", Ct)));
        Assert.Equal(4, (await world.Scim.GetAsync("/Groups?count=0", Ct)).TotalResults);
        var (names, cursor) = (new List<string>(), "");
        do
        {
            var page = await world.Scim.GetAsync($"/Groups?count=3&cursor={cursor}", Ct);
            names.Add(Names(page));
            cursor = page.Body.TryGetProperty("nextCursor", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);
        Assert.Equal(["Delta,alpha,Charlie", "bravo"], names);
        var search = await world.Scim.PostAsync("/Groups/.search", """{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"displayName eq \"DELTA\"","attributes":["id"]}""", Ct);
        Assert.Equal(1, search.TotalResults);
        Assert.Equal((HttpStatusCode.BadRequest, "invalidPath"), Refused(await world.Scim.GetAsync("/Groups?sortBy=members.value", Ct)));

        static string Names(ScimReply list) => string.Join(',', list.Body.GetProperty("Resources").EnumerateArray().Select(g => g.GetProperty("displayName").GetString()));
        static (HttpStatusCode, string?) Refused(ScimReply reply) => (reply.Status, reply.ScimType);
    }

    /// <summary>The group has Ann and Bob; what a vendor sends; who is in it then, and the name.</summary>
    public static TheoryData<string, string, string, string> Shapes => new()
    {
        { "V25 Entra adds with a null $ref", """{"op":"Add","path":"members","value":[{"$ref":null,"value":"{cat}"}]}""", "ann bob cat", "Engineering" },
        { "V26 Entra removes by value list", """{"op":"Remove","path":"members","value":[{"$ref":null,"value":"{ann}"}]}""", "bob", "Engineering" },
        { "E18 Entra removes what is not set", """{"op":"Remove","path":"externalId"}""", "ann bob", "Engineering" },
        { "E19 Entra adds twice and removes who is not there", """{"op":"Add","path":"members","value":[{"value":"{ann}"},{"value":"{ann}"}]},{"op":"Remove","path":"members","value":[{"value":"{cat}"}]}""", "ann bob", "Engineering" },
        { "E20 Entra removes by a filter", """{"op":"Remove","path":"members[value eq \"{ann}\"]"}""", "bob", "Engineering" },
        { "V23 Entra renames", """{"op":"Replace","path":"displayName","value":"Builders"}""", "ann bob", "Builders" },
        { "V17 several in one", """{"op":"Replace","path":"displayName","value":"A"},{"op":"Add","path":"members","value":[{"value":"{cat}"}]},{"op":"Replace","path":"displayName","value":"B"}""", "ann bob cat", "B" },
        { "V18 several of one in their order", """{"op":"Remove","path":"members[value eq \"{ann}\"]"},{"op":"Add","path":"members","value":[{"value":"{ann}"},{"value":"{cat}"}]},{"op":"Remove","path":"members[value eq \"{cat}\"]"}""", "ann bob", "Engineering" },
        { "Okta renames without a path, with the id", """{"op":"replace","value":{"id":"{group}","displayName":"Builders"}}""", "ann bob", "Builders" },
        { "Okta adds and removes in one", """{"op":"remove","path":"members[value eq \"{ann}\"]"},{"op":"add","path":"members","value":[{"value":"{cat}","display":"cat"}]}""", "bob cat", "Engineering" },
        { "Okta replaces the list", """{"op":"replace","path":"members","value":[{"value":"{cat}"}]}""", "cat", "Engineering" },
        { "N01 OneLogin empties it", """{"op":"replace","path":"members","value":[]}""", "", "Engineering" },
        { "R02 CyberArk sends one member as an object", """{"op":"add","path":"members","value":{"value":"{cat}"}}""", "ann bob cat", "Engineering" },
        { "P01 Ping removes by several filters", """{"op":"remove","path":"members[value eq \"{ann}\"]"},{"op":"remove","path":"members[value eq \"{bob}\"]"}""", "", "Engineering" },
        { "P02 Ping removes by or", """{"op":"remove","path":"members[value eq \"{ann}\" or value eq \"{bob}\"]"}""", "", "Engineering" },
        { "Bitwarden adds by a value path", """{"op":"Add","path":"members[value eq \"{cat}\"]"}""", "ann bob cat", "Engineering" },
        { "all members without a path", """{"op":"add","value":{"members":[{"value":"{cat}"}]}}""", "ann bob cat", "Engineering" },
        { "removed whole", """{"op":"remove","path":"members"}""", "", "Engineering" },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task Every_vendors_shape_does_what_it_means(string what, string operations, string members, string name)
    {
        var world = await ScimWorld.NewAsync(host);
        var ids = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var local in new[] { "ann", "bob", "cat" }) ids[local] = (await world.CreateAsync(local)).Id;
        var group = await PushAsync(world, "Engineering", Members(ids["ann"], ids["bob"]));
        var body = ids.Aggregate(operations.Replace("{group}", group.Id, StringComparison.Ordinal), (text, id) => text.Replace($"{{{id.Key}}}", id.Value, StringComparison.Ordinal));

        // Entra appends a flag of its own to addresses.
        var done = await world.Scim.PatchAsync($"/Groups/{group.Id}?aadOptscim062020", ScimWorld.Patch(body), Ct);

        Assert.True(done.Status == HttpStatusCode.NoContent, $"{what}: {done.Status} {done.Body}");
        Assert.Equal(members.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(m => ids[m]).Order(StringComparer.Ordinal), await MembersAsync(world, group.Id));
        Assert.Equal(name, (await world.Scim.GetAsync($"/Groups/{group.Id}?excludedAttributes=members", Ct)).Body.GetProperty("displayName").GetString());
    }

    [Fact]
    [Trait("Scim", "V19")]
    public async Task Entras_own_schema_is_accepted_and_a_put_without_members_empties_the_group()
    {
        var world = await ScimWorld.NewAsync(host);
        var ann = await world.CreateAsync("ann");
        var made = await world.Scim.PostAsync(
            "/Groups", $$"""{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],"displayName":"G","externalId":"x","meta":{"resourceType":"Group"},{{Members(ann.Id)}}}""", Ct);
        Assert.Equal(HttpStatusCode.Created, made.Status);

        var put = await world.Scim.PutAsync($"/Groups/{made.Id}", Group("G2"), Ct);

        Assert.Equal((HttpStatusCode.OK, "G2"), (put.Status, put.Body.GetProperty("displayName").GetString()));
        Assert.False(put.Body.TryGetProperty("externalId", out _));
        Assert.Empty(await MembersAsync(world, made.Id));
    }

    [Fact]
    public async Task A_group_in_a_group_and_a_member_who_is_unknown_are_refused_and_nothing_is_kept()
    {
        var world = await ScimWorld.NewAsync(host);
        var (ann, bob) = (await world.CreateAsync("ann"), await world.CreateAsync("bob"));
        var (inner, outer) = (await PushAsync(world, "Inner", Members(ann.Id)), await PushAsync(world, "Outer", Members(ann.Id)));

        foreach (var member in new[] { $$"""{"value":"{{inner.Id}}"}""", $$"""{"value":"{{bob.Id}}","type":"Group"}""" })
        {
            var nested = await world.Scim.PatchAsync($"/Groups/{outer.Id}", ScimWorld.Patch($$"""{"op":"add","path":"members","value":[{"value":"{{bob.Id}}"},{{member}}]}"""), Ct);
            Assert.Equal((HttpStatusCode.BadRequest, "invalidValue"), (nested.Status, nested.ScimType));
            Assert.Contains("Groups in groups", nested.Detail, StringComparison.Ordinal);
        }

        var unknown = await world.Scim.PutAsync($"/Groups/{outer.Id}", Group("Renamed", Members(bob.Id, "who-is-this", "nor-this")), Ct);
        Assert.Equal((HttpStatusCode.BadRequest, "invalidValue"), (unknown.Status, unknown.ScimType));
        Assert.Contains("'who-is-this'", unknown.Detail, StringComparison.Ordinal);
        Assert.Equal([ann.Id], await MembersAsync(world, outer.Id));
        Assert.Equal(outer.ETag, (await world.Scim.GetAsync($"/Groups/{outer.Id}", Ct)).ETag);
    }

    [Fact]
    [Trait("Attack", "E1")]
    public async Task Another_organizations_ids_are_unknown_wherever_they_stand()
    {
        var (ours, theirs) = (await ScimWorld.NewAsync(host), await ScimWorld.NewAsync(host));
        var (ann, eve) = (await ours.CreateAsync("ann"), await theirs.CreateAsync("eve"));
        var (group, foreign) = (await PushAsync(ours, "Engineering", Members(ann.Id)), await PushAsync(theirs, "Secret", Members(eve.Id)));
        var absent = Id<DirectoryUser>.New(DateTimeOffset.UnixEpoch).ToString();

        // As a member: the answer is that for an id that nobody has.
        var details = new List<string>();
        foreach (var id in new[] { eve.Id, absent })
        {
            var refused = await ours.Scim.PatchAsync($"/Groups/{group.Id}", ScimWorld.Patch($$"""{"op":"add","path":"members","value":[{"value":"{{id}}"}]}"""), Ct);
            Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
            details.Add(refused.Detail.Replace(id, "", StringComparison.Ordinal));
        }

        Assert.Single(details.Distinct());

        // In paths, filters and a bulk request.
        ScimReply[] paths =
        [
            await ours.Scim.GetAsync($"/Groups/{foreign.Id}", Ct), await ours.Scim.PutAsync($"/Groups/{foreign.Id}", Group("Mine"), Ct), await ours.Scim.DeleteAsync($"/Groups/{foreign.Id}", Ct),
            await ours.Scim.PatchAsync($"/Groups/{foreign.Id}", ScimWorld.Patch($$"""{"op":"add","path":"members","value":[{"value":"{{ann.Id}}"}]}"""), Ct),
        ];
        Assert.All(paths, p => Assert.Equal(HttpStatusCode.NotFound, p.Status));
        foreach (var filter in new[] { $"id eq \"{foreign.Id}\"", $"members.value eq \"{eve.Id}\"", $"not (members.value eq \"{ann.Id}\")", "displayName eq \"Secret\"" }) Assert.Equal(0, (await FindAsync(ours, filter)).TotalResults);
        Assert.Equal(0, (await ours.FilterAsync($"groups.value eq \"{foreign.Id}\"")).TotalResults);
        var bulk = await ours.Scim.PostAsync(
            "/Bulk", $$"""
            {"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[
              {"method":"DELETE","path":"/Groups/{{foreign.Id}}"},{"method":"PUT","path":"/Groups/{{foreign.Id}}","data":{{Group("Mine")}}},
              {"method":"PATCH","path":"/Groups/{{group.Id}}","data":{{ScimWorld.Patch($$"""{"op":"add","path":"members","value":[{"value":"{{eve.Id}}"}]}""")}}}]}
            """, Ct);
        Assert.Equal(["404", "404", "400"], bulk.Body.GetProperty("Operations").EnumerateArray().Select(o => o.GetProperty("status").GetString()));

        Assert.Equal([ann.Id], await MembersAsync(ours, group.Id));
        Assert.True(JsonElement.DeepEquals(foreign.Body, (await theirs.Scim.GetAsync($"/Groups/{foreign.Id}", Ct)).Body));
    }

    [Fact]
    public async Task A_bulk_request_makes_people_and_the_group_that_they_are_in()
    {
        var world = await ScimWorld.NewAsync(host);

        var bulk = await world.Scim.PostAsync(
            "/Bulk", $$"""
            {"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[
              {"method":"POST","path":"/Groups","bulkId":"g","data":{{Group("Engineering", """ "members":[{"value":"bulkId:u"}] """)}}},
              {"method":"POST","path":"/Users","bulkId":"u","data":{{world.User("ann")}}}]}
            """, Ct);

        var made = bulk.Body.GetProperty("Operations").EnumerateArray().ToDictionary(o => o.GetProperty("bulkId").GetString()!, o => (Status: o.GetProperty("status").GetString(), Id: o.GetProperty("location").GetString()!.Split('/')[^1])); // both were sent
        Assert.All(made.Values, m => Assert.Equal("201", m.Status));
        Assert.Equal([made["u"].Id], await MembersAsync(world, made["g"].Id));
    }

    [Fact]
    [Trait("Attack", "R8")]
    public async Task Of_twenty_equal_requests_at_once_one_makes_the_group()
    {
        var world = await ScimWorld.NewAsync(host);
        var ann = await world.CreateAsync("ann");
        var body = Group("Engineering", $"\"externalId\":\"x\",{Members(ann.Id)}");

        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => world.Scim.PostAsync("/Groups", body, Ct)));

        Assert.Single(replies, r => r.Status == HttpStatusCode.Created);
        Assert.All(replies.Where(r => r.Status != HttpStatusCode.Created), r => Assert.Equal((HttpStatusCode.Conflict, "uniqueness"), (r.Status, r.ScimType)));
        Assert.Equal(1, (await world.Scim.GetAsync("/Groups", Ct)).TotalResults);
    }

    [Fact]
    [Trait("Attack", "E8")]
    public async Task Who_leaves_the_group_has_lost_its_role_at_the_next_refresh()
    {
        var world = await ScimWorld.NewAsync(host);
        var ann = await world.CreateAsync("ann");
        var group = await PushAsync(world, "Admins", Members(ann.Id));
        var directory = world.Directory.Directory.Id;
        await host.UseAsync<GroupMappingService, GroupMappingView>(
            s => s.CreateAsync(world.Organization.Id, directory, new NewGroupMapping(Id<DirectoryGroup>.Parse(group.Id, null), BuiltInRoles.Admin, null), Granter.Instance, Ct), world.Organization.Id);
        var app = await host.CreateAppAsync(Ct);
        var (browser, _) = await host.SignedInAsync((await world.RowsAsync(ann.Id)).User, Ct);
        var tokens = await IdpHost.TokensAsync(browser, app, Ct, ("organization", world.Organization.Id.ToString()), ("scope", "openid offline_access"));
        Assert.Contains("admin", RolesOf(tokens));

        foreach (var shape in new[] { """{"op":"Remove","path":"members","value":[{"value":"{ann}"}]}""", """{"op":"remove","path":"members[value eq \"{ann}\"]"}""", """{"op":"replace","path":"members","value":[]}""" })
        {
            await world.Scim.PatchAsync($"/Groups/{group.Id}", ScimWorld.Patch($$"""{"op":"add","path":"members","value":[{"value":"{{ann.Id}}"}]}"""), Ct);
            tokens = await app.RefreshAsync(tokens.RefreshToken!, Ct); // offline_access
            Assert.Contains("admin", RolesOf(tokens));
            Assert.Equal(HttpStatusCode.NoContent, (await world.Scim.PatchAsync($"/Groups/{group.Id}", ScimWorld.Patch(shape.Replace("{ann}", ann.Id, StringComparison.Ordinal)), Ct)).Status);
            tokens = await app.RefreshAsync(tokens.RefreshToken!, Ct); // as above
            Assert.DoesNotContain("admin", RolesOf(tokens));
        }

        Assert.Equal(1, await host.ReadAsync(async db =>
        {
            db.EnterOrganization(world.Organization.Id);
            return await db.GroupMappings.CountAsync(m => m.DirectoryId == directory, Ct);
        }));
    }

    private static IReadOnlyList<string?> RolesOf(TokenAnswer tokens)
    {
        var payload = tokens.AccessToken.Split('.')[1].Replace('-', '+').Replace('_', '/');
        var claims = JsonDocument.Parse(Convert.FromBase64String(payload.PadRight((payload.Length + 3) / 4 * 4, '='))).RootElement;
        return [.. claims.GetProperty("roles").EnumerateArray().Select(r => r.GetString())];
    }
}

[Collection(SqliteHost.Name)]
public sealed class ScimGroupsOnSqlite(SqliteIdp host) : ScimGroupTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class ScimGroupsOnPostgreSql(PostgreSqlIdp host) : ScimGroupTests(host);
