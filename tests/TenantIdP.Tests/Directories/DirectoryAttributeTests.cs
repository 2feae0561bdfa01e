using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Scim;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>The attributes that an organization adds to the users of a directory: how they are defined, where they are seen, and what becomes of values when they change.</summary>
public abstract class DirectoryAttributeTests(IdpHost idp)
{
    private const string Custom = ScimUrns.CustomUser;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task They_are_defined_with_the_directory_and_changed_as_one_list()
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        var api = await TokenAsync();
        var made = await SendAsync(api, HttpMethod.Post, $"organizations/{organization.Id}/directories", """{"displayName":"Okta","customAttributes":[{"name":"badge"}]}""", HttpStatusCode.Created);
        var path = $"organizations/{organization.Id}/directories/{made["directory"]!["id"]}"; // made just now

        AssertJson("""[{"name":"badge","type":"string","multiValued":false,"caseExact":false,"description":""}]""", made["directory"]!["customAttributes"]);
        var changed = await SendAsync(api, HttpMethod.Patch, path, """{"customAttributes":[{"name":"Badge","caseExact":true,"description":"On the door."},{"name":"hired","type":"dateTime"},{"name":"sites","multiValued":true}]}""");
        Assert.Equal(["Badge", "hired", "sites"], changed["customAttributes"]!.AsArray().Select(a => (string?)a!["name"]));
        Assert.Equal("dateTime", (string?)changed["customAttributes"]![1]!["type"]);
        Assert.Equal((int?)made["directory"]!["version"] + 1, (int?)changed["version"]);
        AssertJson(changed["customAttributes"]!.ToJsonString(), (await SendAsync(api, HttpMethod.Get, path))["customAttributes"]);
        changed = await SendAsync(api, HttpMethod.Patch, path, """{"displayName":"Entra"}""");
        Assert.Equal(3, changed["customAttributes"]!.AsArray().Count);
        changed = await SendAsync(api, HttpMethod.Patch, path, """{"customAttributes":null}""");
        Assert.Empty(changed["customAttributes"]!.AsArray());
        var told = await idp.ReadAsync(async db =>
        {
            db.EnterOrganization(organization.Id);
            return await db.Events.Where(e => e.Type == "directory.updated").OrderBy(e => e.Id).Select(e => e.Data).ToListAsync(Ct);
        });
        Assert.Equal([true, false, true], told.Select(data => JsonNode.Parse(data)!["changes"]!.AsObject().ContainsKey("customAttributes")));
    }

    [Theory]
    [InlineData("""[{"name":"1st"}]""")]
    [InlineData("""[{"name":"with space"}]""")]
    [InlineData("""[{"name":"a.b"}]""")]
    [InlineData("""[{"name":""}]""")]
    [InlineData("""[{}]""")]
    [InlineData("""[{"name":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]""")]
    [InlineData("""[{"name":"Password"}]""")]
    [InlineData("""[{"name":"externalID"}]""")]
    [InlineData("""[{"name":"badge"},{"name":"BADGE"}]""")]
    [InlineData("""[{"name":"badge","description":"a\u0007b"}]""")]
    public async Task What_is_no_attribute_is_refused(string attributes)
    {
        var world = await ScimWorld.NewAsync(idp);
        var api = await TokenAsync();

        await AssertProblem.IsAsync(await TryAsync(api, HttpMethod.Post, $"organizations/{world.Organization.Id}/directories", $$"""{"displayName":"Okta","customAttributes":{{attributes}}}"""), HttpStatusCode.BadRequest, "directory_attributes_invalid", Ct);
        await AssertProblem.IsAsync(await TryAsync(api, HttpMethod.Patch, PathOf(world), $$"""{"customAttributes":{{attributes}}}"""), HttpStatusCode.BadRequest, "directory_attributes_invalid", Ct);
    }

    [Fact]
    public async Task There_are_thirty_at_most_and_none_is_required_or_of_another_type()
    {
        var world = await ScimWorld.NewAsync(idp);
        var api = await TokenAsync();

        Assert.Equal(30, (await SendAsync(api, HttpMethod.Patch, PathOf(world), Named(30)))["customAttributes"]!.AsArray().Count);
        Assert.Equal(30, Definitions(await SchemasAsync(world.Scim)).GetArrayLength());
        await AssertProblem.IsAsync(await TryAsync(api, HttpMethod.Patch, PathOf(world), Named(31)), HttpStatusCode.BadRequest, "directory_attributes_invalid", Ct);
        foreach (var (more, code) in new[] { ("\"required\":true", "unknown_field"), ("\"type\":\"complex\"", "malformed_json"), ("\"type\":1", "malformed_json"), ("\"type\":\"date_time\"", "malformed_json") })
            await AssertProblem.IsAsync(await TryAsync(api, HttpMethod.Patch, PathOf(world), $$"""{"customAttributes":[{"name":"a",{{more}}}]}"""), HttpStatusCode.BadRequest, code, Ct);
    }

    [Fact]
    public async Task Discovery_shows_them_in_their_directory_and_in_no_other()
    {
        var (world, other) = (await ScimWorld.NewAsync(idp), await ScimWorld.NewAsync(idp));
        var api = await TokenAsync();
        await SendAsync(api, HttpMethod.Patch, PathOf(world), """{"customAttributes":[{"name":"sites","multiValued":true,"description":"Where."},{"name":"page","type":"reference"},{"name":"badge","caseExact":true}]}""");

        var shown = Definitions(await SchemasAsync(world.Scim)).EnumerateArray().ToDictionary(a => a.GetProperty("name").GetString()!); // each has one
        Assert.Equal(("string", true, false, "Where.", false), (Text(shown["sites"], "type"), Flag(shown["sites"], "multiValued"), Flag(shown["sites"], "caseExact"), Text(shown["sites"], "description"), Flag(shown["sites"], "required")));
        Assert.Equal(("reference", true, "external"), (Text(shown["page"], "type"), Flag(shown["page"], "caseExact"), shown["page"].GetProperty("referenceTypes")[0].GetString()));
        Assert.Equal(("readWrite", "default", "none", true), (Text(shown["badge"], "mutability"), Text(shown["badge"], "returned"), Text(shown["badge"], "uniqueness"), Flag(shown["badge"], "caseExact")));
        Assert.Equal(Custom, Text((await world.Scim.GetAsync($"/Schemas/{Custom}", Ct)).Body, "id"));
        Assert.Contains(Custom, (await world.Scim.GetAsync("/ResourceTypes/User", Ct)).Body.GetProperty("schemaExtensions").GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain(Custom, (await world.Scim.GetAsync("/ResourceTypes/Group", Ct)).Body.GetRawText(), StringComparison.Ordinal);

        Assert.DoesNotContain(Custom, (await SchemasAsync(other.Scim)).GetRawText(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await other.Scim.GetAsync($"/Schemas/{Custom}", Ct)).Status);
        Assert.DoesNotContain(Custom, (await other.Scim.GetAsync("/ResourceTypes", Ct)).Body.GetRawText(), StringComparison.Ordinal);
        var ann = await other.CreateAsync("ann", $$"""
            "{{Custom}}":{"badge":"B-1"}
            """);
        Assert.False(ann.Body.TryGetProperty(Custom, out _));
        Assert.Equal("invalidPath", (await other.Scim.PatchAsync($"/Users/{ann.Id}", ScimWorld.Patch($$"""{"op":"add","path":"{{Custom}}:badge","value":"B-1"}"""), Ct)).ScimType);
        Assert.Equal("invalidFilter", (await other.FilterAsync($"{Custom}:badge pr")).ScimType);
    }

    [Fact]
    public async Task A_type_is_kept_until_the_attribute_is_taken_out_and_values_that_fit_no_more_are_not_shown()
    {
        var world = await ScimWorld.NewAsync(idp);
        var api = await TokenAsync();
        await SendAsync(api, HttpMethod.Patch, PathOf(world), """{"customAttributes":[{"name":"grade"},{"name":"badge"},{"name":"level","type":"integer"}]}""");
        var ann = await world.CreateAsync("ann", $$"""
            "{{Custom}}":{"grade":"seven","badge":"B-1","level":3}
            """);

        foreach (var changed in new[] { """{"name":"GRADE","type":"integer"}""", """{"name":"grade","multiValued":true}""" })
            await AssertProblem.IsAsync(await TryAsync(api, HttpMethod.Patch, PathOf(world), $$"""{"customAttributes":[{{changed}}]}"""), HttpStatusCode.Conflict, "directory_attribute_fixed", Ct);
        await SendAsync(api, HttpMethod.Patch, PathOf(world), """{"customAttributes":[{"name":"badge"},{"name":"level","type":"integer"}]}""");
        Assert.Equal("""{"badge":"B-1","level":3}""", await CustomAsync(world.Scim, ann.Id));
        await SendAsync(api, HttpMethod.Patch, PathOf(world), """{"customAttributes":[{"name":"badge"},{"name":"grade","type":"integer"}]}""");

        Assert.Equal("""{"badge":"B-1"}""", await CustomAsync(world.Scim, ann.Id));
        Assert.Equal(0, (await world.FilterAsync($"{Custom}:grade pr")).TotalResults);
        var patched = await world.Scim.PatchAsync($"/Users/{ann.Id}", ScimWorld.Patch($$"""{"op":"add","path":"{{Custom}}:grade","value":7}"""), Ct);
        Assert.True(patched.Status == HttpStatusCode.OK, patched.Detail);
        Assert.Equal("""{"badge":"B-1","grade":7}""", await CustomAsync(world.Scim, ann.Id));
        Assert.DoesNotContain("level", (await world.RowsAsync(ann.Id)).Row.Document, StringComparison.Ordinal); // goes with the next change
        await SendAsync(api, HttpMethod.Patch, PathOf(world), """{"customAttributes":[]}""");
        var plain = await world.Scim.GetAsync($"/Users/{ann.Id}", Ct);
        Assert.Equal([ScimUrns.User], plain.Body.GetProperty("schemas").EnumerateArray().Select(s => s.GetString()));
    }

    [Fact]
    public async Task Whoever_may_read_directories_sees_what_one_says_of_a_member()
    {
        var world = await ScimWorld.NewAsync(idp);
        var api = await TokenAsync();
        await SendAsync(api, HttpMethod.Patch, PathOf(world), """{"customAttributes":[{"name":"grade","type":"integer"}]}""");
        var (ann, bob) = (await world.CreateAsync("ann", $$"""
            "{{ScimUrns.EnterpriseUser}}":{"department":"Tooling"},"{{Custom}}":{"grade":7}
            """), await world.CreateAsync("bob"));
        var member = (await world.RowsAsync(ann.Id)).Membership.Id;

        var shown = await SendAsync(api, HttpMethod.Get, $"{PathOf(world)}/users/{ann.Id}");
        Assert.Equal((world.Address("ann"), "ext-ann", member.ToString()), ((string?)shown["userName"], (string?)shown["externalId"], (string?)shown["memberId"]));
        AssertJson("""{"department":"Tooling"}""", shown["enterprise"]);
        AssertJson("""{"grade":7}""", shown["custom"]);
        Assert.Equal([ann.Id, bob.Id], (await SendAsync(api, HttpMethod.Get, $"{PathOf(world)}/users"))["data"]!.AsArray().Select(u => (string?)u!["id"]).Order(StringComparer.Ordinal));
        var one = Assert.Single((await SendAsync(api, HttpMethod.Get, $"{PathOf(world)}/users?member={member}"))["data"]!.AsArray());
        Assert.Equal(ann.Id, (string?)one!["id"]);
        Assert.Null((await SendAsync(api, HttpMethod.Get, $"{PathOf(world)}/users/{bob.Id}"))["custom"]);
        await world.Scim.DeleteAsync($"/Users/{bob.Id}", Ct);
        await AssertProblem.IsAsync(await TryAsync(api, HttpMethod.Get, $"{PathOf(world)}/users/{bob.Id}"), HttpStatusCode.NotFound, "directory_user_not_found", Ct);
        await AssertProblem.IsAsync(await TryAsync(api, HttpMethod.Get, $"{PathOf(await ScimWorld.NewAsync(idp))}/users/{ann.Id}"), HttpStatusCode.NotFound, "directory_user_not_found", Ct);
    }

    [Fact]
    public async Task The_example_of_the_document_is_one()
    {
        var document = JsonNode.Parse(await idp.Http.GetStringAsync($"{idp.Issuer}/openapi/v1.json", Ct))!; // an object
        var example = document["paths"]!["/api/v1/organizations/{organizationId}/directories"]!["post"]!["requestBody"]!["content"]!["application/json"]!["example"]!["customAttributes"]!.ToJsonString(); // it has one
        var world = await ScimWorld.NewAsync(idp);

        AssertJson(example, (await SendAsync(await TokenAsync(), HttpMethod.Patch, PathOf(world), $$"""{"customAttributes":{{example}}}"""))["customAttributes"]);
    }

    private static string PathOf(ScimWorld world) => $"organizations/{world.Organization.Id}/directories/{world.Directory.Directory.Id}";

    private static string Named(int count) => $$"""{"customAttributes":[{{string.Join(',', Enumerable.Range(0, count).Select(i => $$"""{"name":"a{{i}}"}"""))}}]}""";

    private static async Task<JsonElement> SchemasAsync(ScimClient scim) => (await scim.GetAsync("/Schemas", Ct)).Body;

    private static JsonElement Definitions(JsonElement schemas) => schemas.GetProperty("Resources").EnumerateArray().Single(s => Text(s, "id") == Custom).GetProperty("attributes");

    private static async Task<string> CustomAsync(ScimClient scim, string id) => (await scim.GetAsync($"/Users/{id}", Ct)).Body.GetProperty(Custom).GetRawText();

    private static void AssertJson(string expected, JsonNode? actual) => Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"Expected {expected}\nActual   {actual?.ToJsonString()}");

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString()!; // it has one

    private static bool Flag(JsonElement of, string name) => of.GetProperty(name).GetBoolean();

    private async Task<string> TokenAsync()
    {
        var operators = new RelyingParty(idp.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), idp.Http);
        return (await operators.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;
    }

    private async Task<HttpResponseMessage> TryAsync(string token, HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, $"{idp.Issuer}/api/v1/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json");
        return await idp.Http.SendAsync(request, Ct);
    }

    private async Task<JsonNode> SendAsync(string token, HttpMethod method, string path, string? body = null, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var answer = await TryAsync(token, method, path, body);
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == expected, text);
        return JsonNode.Parse(text)!; // an object
    }
}

[Collection(SqliteHost.Name)]
public sealed class DirectoryAttributesOnSqlite(SqliteIdp idp) : DirectoryAttributeTests(idp);

[Collection(PostgreSqlHost.Name), Trait("Store", "PostgreSql")]
public sealed class DirectoryAttributesOnPostgreSql(PostgreSqlIdp idp) : DirectoryAttributeTests(idp);
