using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using Xunit;

namespace TenantIdP.Tests.Management;

public abstract class ManagementAccessTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static readonly string[] OfThePerson = ["me/organizations", "me/workspaces"];

    /// <summary>Every mapped endpoint as (method, path), with ids of the right form in the path.</summary>
    private IEnumerable<(string Method, string Path)> Endpoints(string organizationId) =>
        from endpoint in host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        let pattern = endpoint.RoutePattern.RawText!.TrimStart('/') // a mapped route has a pattern
        where pattern.StartsWith("api/v1/", StringComparison.Ordinal) && !pattern.Contains("{*", StringComparison.Ordinal)
        from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods // every one of them names its method
        select (method, pattern["api/v1/".Length..]
            .Replace("{organizationId}", organizationId, StringComparison.Ordinal)
            .Replace("{memberId}", Id<Membership>.New(DateTimeOffset.UnixEpoch).ToString(), StringComparison.Ordinal)
            .Replace("{roleId}", Id<Role>.New(DateTimeOffset.UnixEpoch).ToString(), StringComparison.Ordinal)
            .Replace("{userId}", Id<User>.New(DateTimeOffset.UnixEpoch).ToString(), StringComparison.Ordinal)
            .Replace("{domainId}", Id<Core.Domains.OrganizationDomain>.New(DateTimeOffset.UnixEpoch).ToString(), StringComparison.Ordinal)
            .Replace("{connectionId}", Id<Core.Connections.Connection>.New(DateTimeOffset.UnixEpoch).ToString(), StringComparison.Ordinal)
            .Replace("{signInTraceId}", Id<Core.SignIn.SignInTrace>.New(DateTimeOffset.UnixEpoch).ToString(), StringComparison.Ordinal)
            .Replace("{appId}", Id<Core.Apps.App>.New(DateTimeOffset.UnixEpoch).ToString(), StringComparison.Ordinal)
            .Replace("{apiId}", Id<Core.Apis.Api>.New(DateTimeOffset.UnixEpoch).ToString(), StringComparison.Ordinal)
            .TrimEnd('/'));

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method is "POST" or "PATCH" or "PUT") request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        return await client.SendAsync(request, Ct);
    }

    [Fact]
    public async Task Nobody_enters_any_endpoint_without_a_token()
    {
        using var client = host.Client();
        var endpoints = Endpoints(Id<Organization>.New(DateTimeOffset.UnixEpoch).ToString()).ToList();
        Assert.True(endpoints.Count > 40, $"{endpoints.Count} endpoints");
        foreach (var (method, path) in endpoints)
        {
            using var answer = await SendAsync(client, method, path);
            await AssertProblem.IsAsync(answer, HttpStatusCode.Unauthorized, "unauthenticated", Ct);
            Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.ToString());
        }
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task Every_endpoint_of_a_foreign_organization_is_not_there_even_for_its_neighbours_owner()
    {
        var owner = await host.NewUserAsync(Ct);
        var own = await host.NewOrganizationAsync(Ct, owner);
        var foreign = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        using var client = await host.AsUserAsync(owner, own, Ct);
        foreach (var target in new[] { foreign, Id<Organization>.New(DateTimeOffset.UnixEpoch) })
        {
            foreach (var (method, path) in Endpoints(target.ToString()).Where(e => e.Path.StartsWith($"organizations/{target}", StringComparison.Ordinal)))
            {
                using var answer = await SendAsync(client, method, path);
                await AssertProblem.IsAsync(answer, HttpStatusCode.NotFound, "organization_not_found", Ct);
            }
        }
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task Foreign_objects_inside_the_own_organization_are_not_there()
    {
        var owner = await host.NewUserAsync(Ct);
        var own = await host.NewOrganizationAsync(Ct, owner);
        var foreign = await host.NewOrganizationAsync(Ct);
        var stranger = await host.NewMemberAsync(foreign, BuiltInRoles.Member, Ct);
        var role = (await host.UseAsync<RoleService, Result<Role>>(foreign, r => r.CreateAsync(foreign, new NewRole("auditor", "Auditor", []), Granter.Instance, Ct))).Value!; // valid input
        using var client = await host.AsUserAsync(owner, own, Ct);

        await AssertProblem.IsAsync(await client.GetAsync($"organizations/{own}/members/{stranger.Membership.Id}", Ct), HttpStatusCode.NotFound, "member_not_found", Ct);
        await AssertProblem.IsAsync(await client.DeleteAsync($"organizations/{own}/members/{stranger.Membership.Id}", Ct), HttpStatusCode.NotFound, "member_not_found", Ct);
        await AssertProblem.IsAsync(await client.GetAsync($"organizations/{own}/roles/{role.Id}", Ct), HttpStatusCode.NotFound, "role_not_found", Ct);
        await AssertProblem.IsAsync(await SendAsync(client, "PATCH", $"organizations/{own}/roles/{role.Id}"), HttpStatusCode.NotFound, "role_not_found", Ct);
    }

    /// <summary>An endpoint that somebody forgot to protect lets nobody in, which this notices.</summary>
    [Fact]
    public async Task An_operators_app_is_let_in_everywhere_but_where_a_person_is_asked_about()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        using var client = host.AsOperator();
        foreach (var (method, path) in Endpoints(organization.ToString()).Where(e => e is not ("POST", _) || !e.Path.EndsWith("suspend", StringComparison.Ordinal)))
        {
            using var answer = await SendAsync(client, method, path);
            if (OfThePerson.Contains(path)) await AssertProblem.IsAsync(answer, HttpStatusCode.Forbidden, "user_required", Ct);
            else Assert.True(answer.StatusCode is not (HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized) && (int)answer.StatusCode < 500, $"{method} {path}: {(int)answer.StatusCode}");
        }
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task Each_role_enters_what_its_permissions_allow_and_nothing_else()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var expected = new Dictionary<string, string[]>
        {
            [BuiltInRoles.Guest] = [],
            [BuiltInRoles.Member] = ["", "members", "roles"],
            [BuiltInRoles.Admin] = ["", "members", "roles", "workspaces", "domains", "connections", "sign-in-traces", "events"],
            [BuiltInRoles.Owner] = ["", "members", "roles", "workspaces", "domains", "connections", "sign-in-traces", "events"],
        };
        foreach (var (role, readable) in expected)
        {
            var member = await host.NewMemberAsync(organization, role, Ct);
            using var client = await host.AsUserAsync(member.Membership.UserId, organization, Ct);
            foreach (var list in new[] { "", "members", "roles", "workspaces", "domains", "connections", "sign-in-traces", "events" })
            {
                using var answer = await client.GetAsync($"organizations/{organization}/{list}".TrimEnd('/'), Ct);
                if (readable.Contains(list)) Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                else await AssertProblem.IsAsync(answer, HttpStatusCode.Forbidden, "permission_missing", Ct);
            }

            foreach (var instance in new[] { "organizations", "users", "apps", "apis", "roles", "events", "events/export" })
                await AssertProblem.IsAsync(await client.GetAsync(instance, Ct), HttpStatusCode.Forbidden, "operator_required", Ct);
        }
    }

    [Fact]
    public async Task A_missing_permission_is_named()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var admin = await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct);
        using var client = await host.AsUserAsync(admin.Membership.UserId, organization, Ct);

        var problem = await AssertProblem.IsAsync(await client.PostAsJsonAsync($"organizations/{organization}/domains", new { host = "example.test" }, Ct), HttpStatusCode.Forbidden, "permission_missing", Ct);
        Assert.Contains("domains:write", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        await AssertProblem.IsAsync(await client.PatchAsJsonAsync($"organizations/{organization}", new { requireSso = false }, Ct), HttpStatusCode.Forbidden, "permission_missing", Ct);
        await AssertProblem.IsAsync(await client.PatchAsJsonAsync($"organizations/{organization}", new { externalId = "x" }, Ct), HttpStatusCode.Forbidden, "operator_required", Ct);
    }

    [Fact]
    public async Task A_token_for_another_api_or_an_ended_grant_is_refused()
    {
        var user = await host.NewUserAsync(Ct);
        var organization = await host.NewOrganizationAsync(Ct, user);
        using var elsewhere = await host.AsUserAsync(user, organization, Ct, "https://api.example.test");
        await RefusedAsync(elsewhere);
        using var nonsense = host.Client("nonsense");
        await RefusedAsync(nonsense);

        var (session, grant) = await host.SignInAsync(user, organization, Ct);
        using var ended = host.Client(host.Tokens.Issue(new AccessTokenFacts("app_site", user, session, organization, grant, [$"{ManagementHost.Issuer}/api/v1"], [])));
        Assert.Equal(HttpStatusCode.OK, (await ended.GetAsync($"organizations/{organization}", Ct)).StatusCode);
        host.Tokens.End(grant);
        await RefusedAsync(ended);

        async Task RefusedAsync(HttpClient client)
        {
            using var answer = await client.GetAsync($"organizations/{organization}", Ct);
            await AssertProblem.IsAsync(answer, HttpStatusCode.Unauthorized, "invalid_token", Ct);
            Assert.Equal("Bearer error=\"invalid_token\"", answer.Headers.WwwAuthenticate.ToString());
        }
    }

    [Fact]
    public async Task An_app_without_the_management_scope_is_refused()
    {
        using var client = host.Client(host.Tokens.Issue(new AccessTokenFacts("app_x", null, null, null, "", [$"{ManagementHost.Issuer}/api/v1"], ["openid"])));
        using var answer = await client.GetAsync("users", Ct);
        await AssertProblem.IsAsync(answer, HttpStatusCode.Forbidden, "scope_missing", Ct);
        Assert.Equal("Bearer error=\"insufficient_scope\"", answer.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task A_demoted_suspended_or_removed_member_is_out_with_the_same_token()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var admin = await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct);
        using var client = await host.AsUserAsync(admin.Membership.UserId, organization, Ct);
        using var instance = host.AsOperator();
        var members = $"organizations/{organization}/members";
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(members, Ct)).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await instance.DeleteAsync($"{members}/{admin.Membership.Id}/roles/admin", Ct)).StatusCode);
        await AssertProblem.IsAsync(await client.GetAsync(members, Ct), HttpStatusCode.Forbidden, "permission_missing", Ct);
        Assert.Equal(HttpStatusCode.OK, (await instance.PutAsync($"{members}/{admin.Membership.Id}/roles/admin", null, Ct)).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await instance.PostAsync($"organizations/{organization}/suspend", null, Ct)).StatusCode);
        await AssertProblem.IsAsync(await client.GetAsync(members, Ct), HttpStatusCode.NotFound, "organization_not_found", Ct);
        Assert.Equal(HttpStatusCode.OK, (await instance.PostAsync($"organizations/{organization}/resume", null, Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(members, Ct)).StatusCode);

        Assert.Equal(HttpStatusCode.NoContent, (await instance.DeleteAsync($"{members}/{admin.Membership.Id}", Ct)).StatusCode);
        await AssertProblem.IsAsync(await client.GetAsync(members, Ct), HttpStatusCode.NotFound, "organization_not_found", Ct);
        Assert.Contains($"{organization} {admin.Membership.UserId}", host.Revoker.Ended);
    }

    [Fact]
    public async Task A_person_lists_their_own_organizations_with_any_audience()
    {
        var user = await host.NewUserAsync(Ct);
        var first = await host.NewOrganizationAsync(Ct, user);
        var second = await host.NewOrganizationAsync(Ct);
        await host.NewMemberAsync(second, BuiltInRoles.Guest, Ct, user);
        var suspended = await host.NewOrganizationAsync(Ct, user);
        var left = await host.NewOrganizationAsync(Ct);
        var gone = await host.NewMemberAsync(left, BuiltInRoles.Member, Ct, user);
        await host.UseAsync<MemberService, Result>(left, m => m.RemoveAsync(left, gone.Membership.Id, Granter.Instance, Ct));
        await host.UseAsync<OrganizationService, Result<Organization>>(null, o => o.SuspendAsync(suspended, Ct));
        using var client = await host.AsUserAsync(user, first, Ct, "https://api.example.test");

        var listed = (await client.GetFromJsonAsync<JsonElement>("me/organizations", Ct)).GetProperty("data").EnumerateArray()
            .Select(o => (o.GetProperty("id").GetString(), o.GetProperty("roles")[0].GetString(), o.GetProperty("current").GetBoolean())).ToHashSet();
        Assert.Equal([(first.ToString(), "owner", true), (second.ToString(), "guest", false)], listed);
    }
}

public sealed class ManagementAccessOnSqlite(SqliteManagement host) : ManagementAccessTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class ManagementAccessOnPostgreSql(PostgreSqlManagement host) : ManagementAccessTests(host), IClassFixture<PostgreSqlManagement>;
