using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Management;

/// <summary>The management API in the whole server, with the engine's real tokens.</summary>
public abstract class ManagementEndToEndTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private string Api => $"{idp.Issuer}/api/v1";

    private RelyingParty Bootstrap => new(idp.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), idp.Http);

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? token, object? body = null)
    {
        using var request = new HttpRequestMessage(method, $"{Api}/{path}") { Content = body is null ? null : JsonContent.Create(body) };
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await idp.Http.SendAsync(request, Ct);
    }

    private async Task<string> OperatorTokenAsync() =>
        (await Bootstrap.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;

    private async Task<JsonElement> CreateAsync(string token, string path, object body)
    {
        var answer = await SendAsync(HttpMethod.Post, path, token, body);
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync(Ct));
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Ct);
    }

    [Fact]
    public async Task An_operator_sets_up_a_customer_with_the_bootstrap_app_alone()
    {
        var token = await OperatorTokenAsync();
        var user = (await CreateAsync(token, "users", new { emails = new[] { new { address = $"{idp.Unique("ann")}@example.test", verified = true } } })).GetProperty("id").GetString();
        var organization = (await CreateAsync(token, "organizations", new { displayName = "Globex", ownerUserId = user })).GetProperty("id").GetString();
        var domain = (await CreateAsync(token, $"organizations/{organization}/domains", new { host = idp.UniqueHost() })).GetProperty("id").GetString();
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Post, $"organizations/{organization}/domains/{domain}/verify-by-operator", token, new { reason = "Contract" })).StatusCode);
        var connection = (await CreateAsync(token, $"organizations/{organization}/connections", new { displayName = "Okta", issuer = "https://idp.example.test", clientId = "c", clientSecret = "a secret" })).GetProperty("id").GetString();
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Post, $"organizations/{organization}/connections/{connection}/activate", token, new { untestedReason = "Nobody signs in yet" })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Patch, $"organizations/{organization}", token, new { requireSso = true })).StatusCode);

        var app = await CreateAsync(token, "apps", new { displayName = "Site", kind = "web", redirectUris = new[] { "https://site.example.test/cb" }, scopes = new[] { "openid" }, apis = new[] { IdpHost.InvoicesApi } });
        Assert.StartsWith("tidp_secret_", app.GetProperty("clientSecret").GetString(), StringComparison.Ordinal);
        var id = app.GetProperty("app").GetProperty("id").GetString();
        var listed = await (await SendAsync(HttpMethod.Get, $"apps/{id}", token)).Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal(IdpHost.InvoicesApi, Assert.Single(listed.GetProperty("apis").EnumerateArray()).GetString());
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Delete, $"apps/{id}", token)).StatusCode);
        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Get, $"apps/{id}", token), HttpStatusCode.NotFound, "app_not_found", Ct);
    }

    [Fact]
    [Trait("Attack", "D2")]
    public async Task A_token_ends_with_its_app_and_loses_the_scope_that_the_app_loses()
    {
        var token = await OperatorTokenAsync();
        var made = await CreateAsync(token, "apps", new { displayName = "Second", kind = "machine", scopes = new[] { "management" } });
        var (id, secret) = (made.GetProperty("app").GetProperty("id").GetString(), made.GetProperty("clientSecret").GetString());
        var second = new RelyingParty(idp.Issuer, new TestApp(id!, id!, secret, ""), idp.Http); // created apps have both
        var its = (await second.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Get, "users?limit=1", its)).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Patch, $"apps/{id}", token, new { scopes = new[] { "openid" } })).StatusCode);
        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Get, "users?limit=1", its), HttpStatusCode.Forbidden, "scope_missing", Ct);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Delete, $"apps/{id}", token)).StatusCode);
        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Get, "users?limit=1", its), HttpStatusCode.Unauthorized, "invalid_token", Ct);
    }

    [Fact]
    public async Task A_member_manages_their_own_organization_by_a_token_for_this_api_and_loses_it_with_the_role()
    {
        var person = await idp.CreateUserAsync($"{idp.Unique("bo")}@example.test", Ct);
        var organization = await idp.CreateOrganizationAsync(Ct, (await idp.CreateUserAsync($"{idp.Unique("cy")}@example.test", Ct)).Id);
        var foreign = await idp.CreateOrganizationAsync(Ct);
        var member = await idp.AddMemberAsync(organization, person, Ct, BuiltInRoles.Admin);
        var app = await idp.CreateAppAsync(Ct, wanted => wanted with { Apis = [Api] });
        var (browser, _) = await idp.SignedInAsync(person, Ct);
        var ours = (await IdpHost.TokensAsync(browser, app, Ct, ("resource", Api))).AccessToken;
        var theirs = (await IdpHost.TokensAsync(browser, app, Ct)).AccessToken;

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Get, $"organizations/{organization.Id}/members", ours)).StatusCode);
        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Get, $"organizations/{foreign.Id}/members", ours), HttpStatusCode.NotFound, "organization_not_found", Ct);
        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Get, "users", ours), HttpStatusCode.Forbidden, "operator_required", Ct);
        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Get, $"organizations/{organization.Id}/members", theirs), HttpStatusCode.Unauthorized, "invalid_token", Ct);

        var mine = await (await SendAsync(HttpMethod.Get, "me/organizations", theirs)).Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal(organization.Id.ToString(), Assert.Single(mine.GetProperty("data").EnumerateArray()).GetProperty("id").GetString());

        var token = await OperatorTokenAsync();
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Delete, $"organizations/{organization.Id}/members/{member.Membership.Id}/roles/admin", token)).StatusCode);
        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Get, $"organizations/{organization.Id}/members", ours), HttpStatusCode.Forbidden, "permission_missing", Ct);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Delete, $"organizations/{organization.Id}/members/{member.Membership.Id}", token)).StatusCode);
        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Get, $"organizations/{organization.Id}/members", ours), HttpStatusCode.Unauthorized, "invalid_token", Ct);
    }

    [Fact]
    public async Task The_documentation_is_readable_without_scripts_and_with_styles_of_its_own_origin()
    {
        using var page = await idp.Http.GetAsync(new Uri($"{idp.Issuer}/docs"), Ct);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.StartsWith("default-src 'none'; style-src 'self';", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        var html = await new AngleSharp.Html.Parser.HtmlParser().ParseDocumentAsync(await page.Content.ReadAsStringAsync(Ct), Ct);
        Assert.Empty(html.QuerySelectorAll("script, style, [style], [onclick]"));
        foreach (var link in html.QuerySelectorAll("link[rel=stylesheet]").Select(l => l.GetAttribute("href")!)) // a stylesheet has one
        {
            Assert.StartsWith("/", link, StringComparison.Ordinal);
            using var style = await idp.Http.GetAsync(new Uri($"{idp.Issuer}{link}"), Ct);
            Assert.Equal("text/css", style.Content.Headers.ContentType?.MediaType);
        }

        var document = await idp.Http.GetFromJsonAsync<JsonElement>(new Uri($"{idp.Issuer}/openapi/v1.json"), Ct);
        var operations = document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject()).Select(o => o.Value.GetProperty("operationId").GetString()!).ToList(); // each has one
        Assert.Equal(operations.Order(StringComparer.Ordinal), html.QuerySelectorAll("details").Select(d => d.Id!).Order(StringComparer.Ordinal));
        Assert.Contains("connections:write", html.GetElementById("CreateConnection")!.TextContent, StringComparison.Ordinal); // it is among them
    }

    [Fact]
    public async Task What_is_not_an_endpoint_is_a_problem()
    {
        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Get, "nowhere", null), HttpStatusCode.NotFound, "not_found", Ct);
        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Put, "users", null), HttpStatusCode.MethodNotAllowed, "method_not_allowed", Ct);
        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Get, "users", null), HttpStatusCode.Unauthorized, "unauthenticated", Ct);
    }
}

[Collection(SqliteHost.Name)]
public sealed class ManagementEndToEndOnSqlite(SqliteIdp idp) : ManagementEndToEndTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class ManagementEndToEndOnPostgreSql(PostgreSqlIdp idp) : ManagementEndToEndTests(idp);
