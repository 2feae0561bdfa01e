using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;
using Xunit;

namespace TenantIdP.Tests.Management;

public abstract class ManagementRequestTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<HttpResponseMessage> SendAsync(string method, string path, string body, string contentType = "application/json")
    {
        using var client = host.AsOperator();
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path) { Content = content }, Ct);
    }

    [Theory]
    [InlineData("{", "malformed_json", null)]
    [InlineData("[]", "malformed_json", null)]
    [InlineData("null", "malformed_request", null)]
    [InlineData("""{"displayName":5}""", "malformed_json", "displayName")]
    [InlineData("""{"displayName":"A","displayName":"B"}""", "malformed_json", null)]
    [InlineData("""{"displayName":"A","isOwner":true}""", "unknown_field", "isOwner")]
    [InlineData("""{"displayName":"A","ownerUserId":"usr_x"}""", "malformed_json", "ownerUserId")]
    [InlineData("{}", "validation_failed", "displayName")]
    [InlineData("""{"displayName":null}""", "validation_failed", "displayName")]
    [InlineData("""{"displayName":"   "}""", null, "displayName")]
    [InlineData("""{"displayName":"A","slug":"Not A Slug"}""", "slug_invalid", "slug")]
    public async Task A_body_that_is_not_right_is_a_problem_that_names_the_field(string body, string? code, string? field)
    {
        var answer = await SendAsync("POST", "organizations", body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var problem = await AssertProblem.IsAsync(answer, HttpStatusCode.BadRequest, code ?? (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("code").GetString()!, Ct); // every problem has one
        if (field is not null) Assert.Equal(field, problem.GetProperty("field").GetString());
    }

    [Theory]
    [InlineData("""{"displayName":"A\u0000B"}""")]
    [InlineData("""{"displayName":"A\ud800"}""")]
    [InlineData("""{"displayName":"A\udc00\ud800"}""")]
    [InlineData("""{"displayName":"A","na\u0000me":1}""")]
    public async Task Text_that_no_store_keeps_is_refused(string body) =>
        await AssertProblem.IsAsync(await SendAsync("POST", "organizations", body), HttpStatusCode.BadRequest, "text_invalid", Ct);

    [Theory]
    [InlineData("text/plain", "unsupported_media_type")]
    [InlineData("application/xml", "unsupported_media_type")]
    [InlineData("nonsense", "unsupported_media_type")]
    [InlineData("application/json; charset=utf-7", "unsupported_charset")]
    [InlineData("application/json; charset=nowhere", "unsupported_charset")]
    public async Task Another_media_type_or_charset_is_415(string contentType, string code) =>
        await AssertProblem.IsAsync(await SendAsync("POST", "organizations", """{"displayName":"A"}""", contentType), HttpStatusCode.UnsupportedMediaType, code, Ct);

    [Fact]
    public async Task A_body_over_a_megabyte_is_413_with_and_without_a_length()
    {
        var body = $$"""{"displayName":"{{new string('a', 1024 * 1024)}}"}""";
        await AssertProblem.IsAsync(await SendAsync("POST", "organizations", body), HttpStatusCode.RequestEntityTooLarge, "request_too_large", Ct);

        using var client = host.AsOperator();
        using var request = new HttpRequestMessage(HttpMethod.Post, "organizations") { Content = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes(body))) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TransferEncodingChunked = true;
        await AssertProblem.IsAsync(await client.SendAsync(request, Ct), HttpStatusCode.RequestEntityTooLarge, "request_too_large", Ct);
    }

    [Fact]
    public async Task Deeply_nested_json_and_null_elements_are_refused()
    {
        await AssertProblem.IsAsync(await SendAsync("POST", "organizations", new string('[', 100_000)), HttpStatusCode.BadRequest, "malformed_json", Ct);
        await AssertProblem.IsAsync(await SendAsync("POST", "roles", """{"key":"auditor","displayName":"A","permissions":[null]}"""), HttpStatusCode.BadRequest, "malformed_json", Ct);
        await AssertProblem.IsAsync(await SendAsync("POST", "apis", """{"identifier":"https://x.example","displayName":"A","permissions":[{"name":"a:b","builtInRoles":null}]}"""), HttpStatusCode.BadRequest, "role_not_built_in", Ct);
        await AssertProblem.IsAsync(await SendAsync("POST", "users", """{"emails":[null]}"""), HttpStatusCode.BadRequest, "malformed_json", Ct);
        await AssertProblem.IsAsync(await SendAsync("POST", "users", """{"emails":[{"verified":true}]}"""), HttpStatusCode.BadRequest, "validation_failed", Ct);
    }

    [Theory]
    [InlineData("organizations?limit=0", "limit_invalid")]
    [InlineData("organizations?limit=201", "limit_invalid")]
    [InlineData("organizations?limit=abc", "parameter_invalid")]
    [InlineData("organizations?after=nonsense", "invalid_cursor")]
    [InlineData("users?email=nobody", "email_invalid")]
    [InlineData("users/org_01m85ggprjfjsbts0tghkhvg2w", "parameter_invalid")]
    public async Task A_parameter_of_the_wrong_form_is_400(string path, string code)
    {
        using var client = host.AsOperator();
        await AssertProblem.IsAsync(await client.GetAsync(path, Ct), HttpStatusCode.BadRequest, code, Ct);
    }

    [Theory]
    [InlineData("organizations?limit=abc", "limit")]
    [InlineData("organizations?createdAfter=yesterday", "createdAfter")]
    [InlineData("roles?custom=perhaps", "custom")]
    public async Task The_parameter_that_is_wrong_is_named(string path, string field)
    {
        using var client = host.AsOperator();
        var answer = await client.GetAsync(path, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Ct)).RootElement;
        Assert.Equal(field, problem.GetProperty("field").GetString());
    }

    [Fact]
    public async Task A_problem_is_a_problem_whatever_the_caller_accepts()
    {
        using var client = host.AsOperator();
        client.DefaultRequestHeaders.Accept.ParseAdd("application/xml");
        await AssertProblem.IsAsync(await client.GetAsync($"users/{Id<User>.New(DateTimeOffset.UnixEpoch)}", Ct), HttpStatusCode.NotFound, "user_not_found", Ct);
        await AssertProblem.IsAsync(await client.PostAsJsonAsync("organizations", new { }, Ct), HttpStatusCode.BadRequest, "validation_failed", Ct);
    }

    [Fact]
    public async Task What_is_created_is_found_where_it_says_and_changes_only_in_the_version_that_was_seen()
    {
        using var client = host.AsOperator();
        var created = await client.PostAsJsonAsync("organizations", new { displayName = ManagementHost.Unique("Zażółć 東京") }, Ct);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var location = created.Headers.Location!; // 201 has one
        var read = await client.GetAsync(location, Ct);
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        var tag = read.Headers.ETag!; // an aggregate has one
        Assert.Equal("no-store", read.Headers.CacheControl?.ToString());

        var changed = await PatchAsync("""{"displayName":"New name"}""", tag.ToString(), "application/merge-patch+json");
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.NotEqual(tag, changed.Headers.ETag);
        await AssertProblem.IsAsync(await PatchAsync("""{"displayName":"Again"}""", tag.ToString()), HttpStatusCode.PreconditionFailed, "version_mismatch", Ct);
        await AssertProblem.IsAsync(await PatchAsync("""{"displayName":"Again"}""", "W/\"1\""), HttpStatusCode.PreconditionFailed, "version_mismatch", Ct);
        await AssertProblem.IsAsync(await PatchAsync("""{"requireSso":null}""", null), HttpStatusCode.BadRequest, "malformed_json", Ct);
        await AssertProblem.IsAsync(await PatchAsync("""{"status":"deleting"}""", null), HttpStatusCode.BadRequest, "unknown_field", Ct);
        Assert.Equal("New name", (await client.GetFromJsonAsync<JsonElement>(location, Ct)).GetProperty("displayName").GetString());

        async Task<HttpResponseMessage> PatchAsync(string body, string? ifMatch, string type = "application/json")
        {
            using var request = new HttpRequestMessage(HttpMethod.Patch, location) { Content = new StringContent(body, Encoding.UTF8, type) };
            if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
            return await client.SendAsync(request, Ct);
        }
    }

    [Fact]
    public async Task Two_people_can_not_verify_one_address_and_a_search_finds_it()
    {
        using var client = host.AsOperator();
        var email = $"{ManagementHost.Unique("ann")}@example.test";
        var body = new { emails = new[] { new { address = email, verified = true } }, password = "fifteen characters or more" };
        Assert.Equal(HttpStatusCode.Created, (await client.PostAsJsonAsync("users", body, Ct)).StatusCode);
        await AssertProblem.IsAsync(await client.PostAsJsonAsync("users", body, Ct), HttpStatusCode.Conflict, "email_taken", Ct);
        await AssertProblem.IsAsync(await client.PostAsJsonAsync("users", new { password = "too short" }, Ct), HttpStatusCode.BadRequest, "password_too_short", Ct);
        var found = await client.GetFromJsonAsync<JsonElement>($"users?email={Uri.EscapeDataString(email.ToUpperInvariant())}", Ct);
        Assert.Equal(email, Assert.Single(found.GetProperty("data").EnumerateArray()).GetProperty("emails")[0].GetProperty("address").GetString());
        Assert.Equal(JsonValueKind.Null, found.GetProperty("next").ValueKind);
    }

    [Fact]
    public async Task The_document_names_every_endpoint_its_ids_and_its_problems()
    {
        using var client = host.Client();
        var document = await client.GetFromJsonAsync<JsonElement>(new Uri(host.Url, "/openapi/v1.json"), Ct);
        var operations = document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(o => (Path: p.Name, Operation: o.Value))).ToList();
        Assert.True(operations.Count > 40, $"{operations.Count} operations");
        Assert.All(operations, o => Assert.False(string.IsNullOrEmpty(o.Operation.GetProperty("operationId").GetString())));
        Assert.All(operations, o => Assert.True(o.Operation.GetProperty("responses").TryGetProperty("500", out _)));

        // A parameter of the path that the document leaves out makes every generated client wrong.
        Assert.All(operations, o => Assert.Equal(
            o.Path.Split('{').Skip(1).Select(part => part[..part.IndexOf('}', StringComparison.Ordinal)]).Order(StringComparer.Ordinal),
            o.Operation.TryGetProperty("parameters", out var parameters)
                ? parameters.EnumerateArray().Where(p => p.GetProperty("in").GetString() == "path").Select(p => p.GetProperty("name").GetString()!).Order(StringComparer.Ordinal)
                : []));

        var schemas = document.GetProperty("components").GetProperty("schemas");
        Assert.Equal("#/components/schemas/OrganizationId", Property("OrganizationResponse", "id").GetProperty("$ref").GetString());
        Assert.Equal("string", schemas.GetProperty("OrganizationId").GetProperty("type").GetString());
        Assert.StartsWith("^org_", schemas.GetProperty("OrganizationId").GetProperty("pattern").GetString(), StringComparison.Ordinal);
        Assert.Equal("boolean", Property("OrganizationChanges", "requireSso").GetProperty("type").GetString());
        Assert.Equal(["null", "string"], Property("OrganizationChanges", "externalId").GetProperty("type").EnumerateArray().Select(t => t.GetString()).Order(StringComparer.Ordinal));
        Assert.Contains("array", Property("AppChanges", "redirectUris").GetProperty("type").EnumerateArray().Select(t => t.GetString()));
        Assert.Contains("application/json", document.GetProperty("paths").GetProperty("/api/v1/organizations").GetProperty("post").GetProperty("requestBody").GetRawText(), StringComparison.Ordinal);

        JsonElement Property(string schema, string name) => schemas.GetProperty(schema).GetProperty("properties").GetProperty(name);
    }
}

public sealed class ManagementRequestOnSqlite(SqliteManagement host) : ManagementRequestTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class ManagementRequestOnPostgreSql(PostgreSqlManagement host) : ManagementRequestTests(host), IClassFixture<PostgreSqlManagement>;
