using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Apps;

public abstract class AppGrantEndpointTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<Id<App>> NewAppAsync(AppKind kind = AppKind.Machine) =>
        (await host.UseAsync<AppService, Result<CreatedApp>>(null, a => a.CreateAsync(new NewApp("Job", kind) { RedirectUris = ["https://site.example.test/cb"] }, Ct))).Value!.App.Id; // valid input

    private HttpClient AsApp(Id<App> app, Id<Organization> organization, params string[] scopes) =>
        host.Client(host.Tokens.Issue(new AccessTokenFacts(app.ToString(), null, null, organization, "", [$"{ManagementHost.Issuer}/api/v1"], scopes)));

    private async Task<HttpClient> AsAsync(Id<Organization> organization, string role) =>
        await host.AsUserAsync((await host.NewMemberAsync(organization, role, Ct)).Membership.UserId, organization, Ct);

    private static Task<HttpResponseMessage> GrantAsync(HttpClient client, Id<Organization> organization, Id<App> app, params string[] permissions) =>
        client.PutAsJsonAsync($"organizations/{organization}/apps/{app}", new { permissions }, Ct);

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{(int)answer.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    [Fact]
    public async Task An_owner_grants_changes_and_revokes_and_the_events_say_so()
    {
        var (organization, app) = (await host.NewOrganizationAsync(Ct), await NewAppAsync());
        using var owner = await AsAsync(organization, BuiltInRoles.Owner);

        using var first = await GrantAsync(owner, organization, app, Permission.MembersRead, Permission.MembersRead);
        Assert.Equal([Permission.MembersRead], (await ReadAsync(first)).GetProperty("permissions").EnumerateArray().Select(p => p.GetString()));
        Assert.Equal("\"0\"", first.Headers.ETag!.ToString()); // a versioned answer has one
        using var second = await GrantAsync(owner, organization, app, Permission.MembersRead, Permission.RolesRead);
        Assert.Equal(1, (await ReadAsync(second)).GetProperty("version").GetInt32());
        using (var stale = new HttpRequestMessage(HttpMethod.Put, $"organizations/{organization}/apps/{app}") { Content = JsonContent.Create(new { permissions = Array.Empty<string>() }) })
        {
            stale.Headers.TryAddWithoutValidation("If-Match", "\"0\"");
            await AssertProblem.IsAsync(await owner.SendAsync(stale, Ct), HttpStatusCode.PreconditionFailed, "version_mismatch", Ct);
        }

        Assert.Equal(app.ToString(), (await ReadAsync(await owner.GetAsync($"organizations/{organization}/apps", Ct))).GetProperty("data")[0].GetProperty("appId").GetString());
        Assert.Equal(HttpStatusCode.NoContent, (await owner.DeleteAsync($"organizations/{organization}/apps/{app}", Ct)).StatusCode);
        await AssertProblem.IsAsync(await owner.GetAsync($"organizations/{organization}/apps/{app}", Ct), HttpStatusCode.NotFound, "app_grant_not_found", Ct);
        await AssertProblem.IsAsync(await owner.DeleteAsync($"organizations/{organization}/apps/{app}", Ct), HttpStatusCode.NotFound, "app_grant_not_found", Ct);
        var target = app.ToString();
        var types = await host.ReadAsync(organization, db => db.Events.Where(e => e.TargetId == target).OrderBy(e => e.Id).Select(e => e.Type).ToListAsync(Ct));
        Assert.Equal(["app.access_changed", "app.access_granted", "app.access_revoked"], types.Order());
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task Nobody_grants_an_app_more_than_they_hold()
    {
        var (organization, app) = (await host.NewOrganizationAsync(Ct), await NewAppAsync());
        var key = ManagementHost.Unique("granter");
        await host.UseAsync<RoleService, Result<Role>>(organization, s => s.CreateAsync(organization, new NewRole(key, "Granter", [Permission.AppsWrite, Permission.MembersRead]), Granter.Instance, Ct));
        using var admin = await AsAsync(organization, BuiltInRoles.Admin);
        using var granter = await AsAsync(organization, key);
        using var owner = await AsAsync(organization, BuiltInRoles.Owner);

        await AssertProblem.IsAsync(await GrantAsync(admin, organization, app, Permission.MembersRead), HttpStatusCode.Forbidden, "permission_missing", Ct);
        await AssertProblem.IsAsync(await GrantAsync(granter, organization, app, Permission.MembersRead, Permission.MembersWrite), HttpStatusCode.Forbidden, "role_escalation", Ct);
        await ReadAsync(await GrantAsync(granter, organization, app, Permission.MembersRead));
        await AssertProblem.IsAsync(await GrantAsync(owner, organization, app, "invoices:read"), HttpStatusCode.Forbidden, "role_escalation", Ct); // no API gives it to owners
        await AssertProblem.IsAsync(await GrantAsync(owner, organization, app, "everything"), HttpStatusCode.BadRequest, "permission_invalid", Ct);
    }

    [Fact]
    public async Task An_app_that_asks_for_no_tokens_of_its_own_is_not_there()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        using var owner = await AsAsync(organization, BuiltInRoles.Owner);
        foreach (var app in new[] { await NewAppAsync(AppKind.Public), await NewAppAsync(AppKind.Web), Id<App>.New(TimeProvider.System.GetUtcNow()) })
            await AssertProblem.IsAsync(await GrantAsync(owner, organization, app, Permission.MembersRead), HttpStatusCode.NotFound, "app_not_found", Ct);
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task A_bound_app_sees_one_organization_with_the_permissions_that_it_is_granted_now()
    {
        var (own, other, app) = (await host.NewOrganizationAsync(Ct), await host.NewOrganizationAsync(Ct), await NewAppAsync());
        using var owner = await AsAsync(own, BuiltInRoles.Owner);
        await ReadAsync(await GrantAsync(owner, own, app, Permission.MembersRead, Permission.AppsWrite));

        // Whatever the token's scopes say.
        using var client = AsApp(app, own, "management", "authorization:check");
        await ReadAsync(await client.GetAsync($"organizations/{own}/members", Ct));
        await AssertProblem.IsAsync(await client.GetAsync($"organizations/{own}/roles", Ct), HttpStatusCode.Forbidden, "permission_missing", Ct);
        await AssertProblem.IsAsync(await client.GetAsync($"organizations/{other}/members", Ct), HttpStatusCode.NotFound, "organization_not_found", Ct);
        await AssertProblem.IsAsync(await client.GetAsync("organizations", Ct), HttpStatusCode.Forbidden, "operator_required", Ct);
        await AssertProblem.IsAsync(await client.PostAsJsonAsync("authorization/check", new { checks = Array.Empty<object>() }, Ct), HttpStatusCode.Forbidden, "operator_required", Ct);
        await AssertProblem.IsAsync(await client.GetAsync("me/organizations", Ct), HttpStatusCode.Forbidden, "user_required", Ct);

        // It passes on no more than it has.
        var friend = await NewAppAsync();
        await AssertProblem.IsAsync(await GrantAsync(client, own, friend, Permission.MembersWrite), HttpStatusCode.Forbidden, "role_escalation", Ct);
        await ReadAsync(await GrantAsync(client, own, friend, Permission.MembersRead));

        await ReadAsync(await GrantAsync(owner, own, app, Permission.RolesRead));
        await AssertProblem.IsAsync(await client.GetAsync($"organizations/{own}/members", Ct), HttpStatusCode.Forbidden, "permission_missing", Ct);
        await ReadAsync(await client.GetAsync($"organizations/{own}/roles", Ct));
        using var stranger = AsApp(await NewAppAsync(), own);
        await AssertProblem.IsAsync(await stranger.GetAsync($"organizations/{own}/roles", Ct), HttpStatusCode.NotFound, "organization_not_found", Ct);
    }

    [Fact]
    public async Task A_revoked_grant_a_suspended_organization_and_a_deleted_app_end_it_at_once()
    {
        var app = await NewAppAsync();
        foreach (var end in new Func<Id<Organization>, Task>[]
        {
            o => host.UseAsync<AppGrantService, Result>(o, s => s.RevokeAsync(o, app, Ct)),
            o => host.UseAsync<OrganizationService, Result<Organization>>(null, s => s.SuspendAsync(o, Ct)),
            o => host.UseAsync<AppService, Result>(null, s => s.DeleteAsync(app, Ct)),
        })
        {
            var organization = await host.NewOrganizationAsync(Ct);
            await host.UseAsync<AppGrantService, Result<AppGrant>>(organization, s => s.GrantAsync(organization, app, [Permission.MembersRead], Granter.Instance, null, Ct));
            using var client = AsApp(app, organization);
            await ReadAsync(await client.GetAsync($"organizations/{organization}/members", Ct));

            await end(organization);

            await AssertProblem.IsAsync(await client.GetAsync($"organizations/{organization}/members", Ct), HttpStatusCode.NotFound, "organization_not_found", Ct);
        }

        Assert.Empty(await host.ReadAsync(null, db => db.AppGrants.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(g => g.AppId == app).ToListAsync(Ct)));
    }

    [Fact]
    [Trait("Attack", "D6")]
    public async Task Of_many_first_grants_at_once_all_are_answered_and_one_row_is_left()
    {
        var (organization, app) = (await host.NewOrganizationAsync(Ct), await NewAppAsync());

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => host.UseAsync<AppGrantService, Result<AppGrant>>(
            organization, s => s.GrantAsync(organization, app, [i % 2 == 0 ? Permission.MembersRead : Permission.RolesRead], Granter.Instance, null, Ct))));

        Assert.All(results, r => Assert.True(r.IsOk, r.Error?.Code));
        Assert.Single(await host.ReadAsync(organization, db => db.AppGrants.ToListAsync(Ct)));
    }
}

public sealed class AppGrantEndpointsOnSqlite(SqliteManagement host) : AppGrantEndpointTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class AppGrantEndpointsOnPostgreSql(PostgreSqlManagement host) : AppGrantEndpointTests(host), IClassFixture<PostgreSqlManagement>;
