using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Workspaces;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Roles;

/// <summary>Which roles of the instance an organization has, and what becomes of those that it loses.</summary>
public abstract class RoleSetTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<JsonElement> OkAsync(HttpResponseMessage answer, HttpStatusCode status = HttpStatusCode.OK)
    {
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == status, text);
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>A role of the instance.</summary>
    private async Task<string> NewRoleAsync(params string[] permissions)
    {
        var key = ManagementHost.Unique("r");
        Assert.True((await host.UseAsync<RoleService, Result<Role>>(null, s => s.CreateAsync(Organization.Instance, new NewRole(key, key, permissions), Granter.Instance, Ct))).IsOk);
        return key;
    }

    private static async Task<string> NewSetAsync(HttpClient client, params string[] roles) =>
        (await OkAsync(await client.PostAsJsonAsync("role-sets", new { displayName = "Plan", roles }, Ct), HttpStatusCode.Created)).GetProperty("id").GetString()!; // created objects have ids

    private static Task<HttpResponseMessage> UseAsync(HttpClient client, Id<Organization> organization, string? set, object? replaceWith = null) =>
        client.PutAsJsonAsync($"organizations/{organization}/role-set", new { roleSetId = set, replaceWith }, Ct);

    private static async Task<List<string>> KeysAsync(HttpClient client, string path) =>
        [.. (await client.GetFromJsonAsync<JsonElement>($"{path}?limit=200&fields=key", Ct)).GetProperty("data").EnumerateArray().Select(r => r.GetProperty("key").GetString()!)]; // every role has one

    [Fact]
    public async Task An_organization_sees_and_gives_the_roles_of_its_set_and_its_own()
    {
        var (basic, gold) = (await NewRoleAsync(), await NewRoleAsync());
        var organization = await host.NewOrganizationAsync(Ct);
        var own = (await host.UseAsync<RoleService, Result<Role>>(organization, s => s.CreateAsync(organization, new NewRole("own", "Own", []), Granter.Instance, Ct))).Value!; // valid
        var member = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        using var client = host.AsOperator();
        var set = await NewSetAsync(client, basic);
        var path = $"organizations/{organization}";

        var used = await OkAsync(await UseAsync(client, organization, set));

        Assert.Equal(set, used.GetProperty("roleSetId").GetString());
        Assert.Equal(new[] { basic, "member", "own", "owner" }.Order(StringComparer.Ordinal), (await KeysAsync(client, $"{path}/roles")).Order(StringComparer.Ordinal));
        await OkAsync(await client.PutAsync($"{path}/members/{member.Membership.Id}/roles/{basic}", null, Ct));
        foreach (var key in new[] { gold, "admin", "guest" })
            await AssertProblem.IsAsync(await client.PutAsync($"{path}/members/{member.Membership.Id}/roles/{key}", null, Ct), HttpStatusCode.NotFound, "role_not_found", Ct);
        await AssertProblem.IsAsync(await client.PostAsJsonAsync($"{path}/members", new { userId = (await host.NewUserAsync(Ct)).ToString(), roles = new[] { gold } }, Ct), HttpStatusCode.BadRequest, "role_unknown", Ct);
        await AssertProblem.IsAsync(await client.PostAsJsonAsync($"{path}/roles", new { key = "child", displayName = "Child", extends = gold }, Ct), HttpStatusCode.BadRequest, "extended_role_unknown", Ct);
        // Nor by taking the place of one of its own.
        await AssertProblem.IsAsync(await client.DeleteAsync($"{path}/roles/{own.Id}?replaceWith={gold}", Ct), HttpStatusCode.BadRequest, "role_unknown", Ct);
        Assert.Contains(gold, await KeysAsync(client, "roles"));

        var freed = await OkAsync(await UseAsync(client, organization, null));
        Assert.Equal(JsonValueKind.Null, freed.GetProperty("roleSetId").ValueKind);
        await OkAsync(await client.PutAsync($"{path}/members/{member.Membership.Id}/roles/{gold}", null, Ct));
    }

    [Fact]
    public async Task Roles_in_use_are_replaced_with_everybody_and_in_connections_or_nothing_changes()
    {
        var (auditor, basic) = (await NewRoleAsync("audits:read"), await NewRoleAsync());
        var (organization, elsewhere) = (await host.NewOrganizationAsync(Ct), await host.NewOrganizationAsync(Ct));
        var (member, theirs) = (await host.NewMemberAsync(organization, auditor, Ct), await host.NewMemberAsync(elsewhere, auditor, Ct));
        var workspace = (await host.UseAsync<WorkspaceService, Result<Workspace>>(organization, s => s.CreateAsync(organization, new NewWorkspace("Workspace", null), Ct))).Value!; // valid input
        await host.UseAsync<WorkspaceMembers, Result<WorkspaceMemberView>>(organization, s => s.PutAsync(organization, workspace.Id, member.Membership.Id, [auditor], Granter.Instance, null, Ct));
        var connection = (await host.UseAsync<ConnectionService, Result<Connection>>(organization,
            s => s.CreateOidcAsync(organization, new NewOidcConnection("OIDC", "https://idp.example.test", "client", "a secret of theirs") { DefaultRole = auditor }, Granter.Instance, Ct))).Value!; // valid input
        using var client = host.AsOperator();
        var set = await NewSetAsync(client, basic);

        var impact = await OkAsync(await client.GetAsync($"organizations/{organization}/role-set/impact?roleSetId={set}", Ct));
        var lost = impact.GetProperty("roles").EnumerateArray().Single(r => r.GetProperty("key").GetString() == auditor);
        Assert.Equal((1, 1, 0), (lost.GetProperty("members").GetInt32(), lost.GetProperty("connections").GetInt32(), lost.GetProperty("extended").GetInt32()));
        Assert.DoesNotContain(impact.GetProperty("roles").EnumerateArray(), r => r.GetProperty("key").GetString() is "owner" or "member");

        await AssertProblem.IsAsync(await UseAsync(client, organization, set), HttpStatusCode.Conflict, "roles_in_use", Ct);
        foreach (var wrong in new[] { "owner", "admin", "no-such-role", auditor })
            await AssertProblem.IsAsync(await UseAsync(client, organization, set, new Dictionary<string, string> { [auditor] = wrong }), HttpStatusCode.BadRequest, "replacement_invalid", Ct);
        await AssertProblem.IsAsync(await UseAsync(client, organization, set, new Dictionary<string, string> { [auditor] = basic, ["member"] = basic }), HttpStatusCode.BadRequest, "replacement_invalid", Ct);
        Assert.Null(await host.ReadAsync(organization, db => db.Organizations.Where(o => o.Id == organization).Select(o => o.RoleSetId).SingleAsync(Ct)));

        await OkAsync(await UseAsync(client, organization, set, new Dictionary<string, string> { [auditor] = basic }));
        Assert.Equal([(basic, RoleSource.Api)], (await host.UseAsync<MemberList, Result<Member>>(organization, m => m.FindAsync(organization, member.Membership.Id, Ct))).Value!.Roles.Select(r => (r.Key, r.Source))); // it is there
        Assert.Equal(basic, await host.ReadAsync(organization, db => db.Connections.Where(c => c.Id == connection.Id).Select(c => c.DefaultRoleKey).SingleAsync(Ct)));
        var inside = await host.ReadAsync(organization, db => (from h in db.WorkspaceRoles join r in db.Roles on h.RoleId equals r.Id where h.MembershipId == member.Membership.Id select r.Key).ToListAsync(Ct));
        Assert.Equal([basic], inside);
        Assert.Equal(auditor, Assert.Single((await host.UseAsync<MemberList, Result<Member>>(elsewhere, m => m.FindAsync(elsewhere, theirs.Membership.Id, Ct))).Value!.Roles).Key); // another organization's are left alone
        Assert.Equal(1, await host.ReadAsync(organization, db => db.Events.CountAsync(e => e.Type == "organization.role_set_changed", Ct)));
    }

    [Fact]
    public async Task A_role_that_an_own_role_extends_is_changed_there_first()
    {
        var auditor = await NewRoleAsync();
        var organization = await host.NewOrganizationAsync(Ct);
        Assert.True((await host.UseAsync<RoleService, Result<Role>>(organization, s => s.CreateAsync(organization, new NewRole("own", "Own", [], auditor), Granter.Instance, Ct))).IsOk);
        using var client = host.AsOperator();

        await AssertProblem.IsAsync(await UseAsync(client, organization, await NewSetAsync(client)), HttpStatusCode.Conflict, "role_in_use", Ct);
    }

    [Fact]
    public async Task A_set_in_use_keeps_what_is_in_use_and_is_not_deleted()
    {
        var (auditor, basic) = (await NewRoleAsync(), await NewRoleAsync());
        var organization = await host.NewOrganizationAsync(Ct);
        var member = await host.NewMemberAsync(organization, auditor, Ct);
        using var client = host.AsOperator();
        var set = await NewSetAsync(client, auditor, basic);
        await OkAsync(await UseAsync(client, organization, set));

        await AssertProblem.IsAsync(await client.PatchAsJsonAsync($"role-sets/{set}", new { roles = new[] { basic } }, Ct), HttpStatusCode.Conflict, "roles_in_use", Ct);
        await AssertProblem.IsAsync(await client.DeleteAsync($"role-sets/{set}", Ct), HttpStatusCode.Conflict, "role_set_in_use", Ct);
        var narrowed = await OkAsync(await client.PatchAsJsonAsync($"role-sets/{set}", new { displayName = "Plan B", roles = new[] { auditor } }, Ct));
        Assert.Equal(new[] { auditor, "member", "owner" }.Order(StringComparer.Ordinal), narrowed.GetProperty("roles").EnumerateArray().Select(r => r.GetString()));
        await host.UseAsync<MemberService, Result<Member>>(organization, m => m.RevokeRoleAsync(organization, member.Membership.Id, auditor, Granter.Instance, Ct));
        await OkAsync(await client.PatchAsJsonAsync($"role-sets/{set}", new { roles = Array.Empty<string>() }, Ct));
        await OkAsync(await UseAsync(client, organization, null));
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync($"role-sets/{set}", Ct)).StatusCode);
        await AssertProblem.IsAsync(await client.GetAsync($"role-sets/{set}", Ct), HttpStatusCode.NotFound, "role_set_not_found", Ct);
        await AssertProblem.IsAsync(await UseAsync(client, organization, set), HttpStatusCode.BadRequest, "role_set_unknown", Ct);
    }

    [Fact]
    public async Task A_set_holds_roles_of_the_instance_only_and_a_deleted_role_leaves_it()
    {
        var role = await NewRoleAsync();
        using var client = host.AsOperator();
        var set = await NewSetAsync(client, role, "admin");
        await AssertProblem.IsAsync(await client.PostAsJsonAsync("role-sets", new { displayName = "Plan", roles = new[] { "no-such-role" } }, Ct), HttpStatusCode.BadRequest, "role_unknown", Ct);
        var id = await host.ReadAsync(null, db => db.Roles.IgnoreQueryFilters([TenantIdP.Core.IdpDbContext.OrganizationFilter]).Where(r => r.Key == role).Select(r => r.Id).SingleAsync(Ct));

        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync($"roles/{id}", Ct)).StatusCode);

        Assert.Equal(["admin", "member", "owner"], (await OkAsync(await client.GetAsync($"role-sets/{set}", Ct))).GetProperty("roles").EnumerateArray().Select(r => r.GetString()));
    }
}

public sealed class RoleSetsOnSqlite(SqliteManagement host) : RoleSetTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class RoleSetsOnPostgreSql(PostgreSqlManagement host) : RoleSetTests(host), IClassFixture<PostgreSqlManagement>;
