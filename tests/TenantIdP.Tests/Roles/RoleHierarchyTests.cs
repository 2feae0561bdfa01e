using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Roles;

/// <summary>Roles that extend others, built-in roles that an operator narrows, and who may give a role.</summary>
public abstract class RoleHierarchyTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_role_has_what_it_extends_and_follows_every_change_of_it()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var reader = await RoleAsync(Organization.Instance, null, "a:read");
        var writer = await RoleAsync(organization, reader.Key, "a:write");
        var boss = await RoleAsync(organization, writer.Key, "a:delete");
        Assert.Equal(["a:delete", "a:read", "a:write"], (await FindAsync(organization, boss)).Permissions);

        await ChangeAsync(Organization.Instance, reader, new RoleChanges { Permissions = new Patch<IReadOnlyList<string>>(["b:read"]) });
        var changed = await FindAsync(organization, boss);
        Assert.Equal(["a:delete", "a:write", "b:read"], changed.Permissions);
        Assert.Equal(["a:delete"], changed.OwnPermissions);
        Assert.True(changed.Version > boss.Version, "Its ETag says that it permits something else.");

        await ChangeAsync(organization, writer, new RoleChanges { Extends = new Patch<string>(null) });
        Assert.Equal(["a:delete", "a:write"], (await FindAsync(organization, boss)).Permissions);
        Assert.Equal(["a:write"], (await FindAsync(organization, writer)).Permissions);
    }

    [Fact]
    public async Task The_api_shows_own_and_inherited_permissions_and_what_hangs_on_a_role()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        using var client = host.AsOperator();
        var (below, above) = (ManagementHost.Unique("r"), ManagementHost.Unique("r"));
        var first = await CreatedAsync(client, organization, new { key = below, displayName = "Below", permissions = new[] { "a:read", "a:list" } });
        var second = await CreatedAsync(client, organization, new { key = above, displayName = "Above", permissions = new[] { "a:write" }, extends = below });
        await host.NewMemberAsync(organization, above, Ct);

        Assert.Equal(below, second.GetProperty("extends").GetString());
        Assert.Equal(["a:write"], Texts(second, "permissions"));
        Assert.Equal(["a:list", "a:read", "a:write"], Texts(second, "effectivePermissions"));

        var impact = await client.GetFromJsonAsync<JsonElement>($"organizations/{organization}/roles/{first.GetProperty("id").GetString()}/impact?permission=a:read", Ct);
        Assert.Equal((1, 1), (impact.GetProperty("members").GetInt32(), impact.GetProperty("roles").GetInt32()));
        Assert.Equal(["a:list"], Texts(impact, "removed"));
        var inherits = await client.GetFromJsonAsync<JsonElement>($"organizations/{organization}/roles/{second.GetProperty("id").GetString()}/impact?permission=a:new", Ct);
        Assert.Equal(["a:new"], Texts(inherits, "added"));
        Assert.Equal(["a:write"], Texts(inherits, "removed"));

        await AssertProblem.IsAsync(await client.DeleteAsync($"organizations/{organization}/roles/{first.GetProperty("id").GetString()}", Ct), HttpStatusCode.Conflict, "role_in_use", Ct);
        await AssertProblem.IsAsync(await client.DeleteAsync($"organizations/{organization}/roles/{first.GetProperty("id").GetString()}?replaceWith=member", Ct), HttpStatusCode.Conflict, "role_in_use", Ct);
    }

    [Fact]
    public async Task A_circle_a_row_of_six_and_what_is_not_there_are_refused()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var row = new List<Role> { await RoleAsync(organization, null, "a:0") };
        for (var i = 1; i < RoleHierarchy.Longest; i++) row.Add(await RoleAsync(organization, row[^1].Key, $"a:{i}"));

        Assert.Equal(RoleErrors.ExtendsTooDeep, (await CreateAsync(organization, Granter.Instance, row[^1].Key)).Error);
        Assert.Equal(RoleErrors.ExtendsTooDeep, (await TryAsync(organization, row[0], (await RoleAsync(organization, null)).Key)).Error);
        Assert.Equal(RoleErrors.ExtendsCycle, (await TryAsync(organization, row[0], row[0].Key)).Error);
        Assert.Equal(RoleErrors.ExtendsCycle, (await TryAsync(organization, row[0], row[2].Key)).Error);
        var foreign = await RoleAsync(await host.NewOrganizationAsync(Ct), null, "a:b");
        Assert.Equal(RoleErrors.ExtendsUnknown, (await TryAsync(organization, row[0], foreign.Key)).Error);
        Assert.Equal(RoleErrors.ExtendsUnknown, (await TryAsync(Organization.Instance, await RoleAsync(Organization.Instance, null), row[0].Key)).Error);
        Assert.Equal(RoleErrors.ExtendsOwner, (await CreateAsync(organization, Granter.Instance, BuiltInRoles.Owner)).Error);
        Assert.Equal(["a:0"], (await FindAsync(organization, row[0])).Permissions);
    }

    [Fact]
    public async Task Changes_at_once_close_no_circle_and_lose_no_permission()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var (one, other) = (await RoleAsync(organization, null, "a:one"), await RoleAsync(organization, null, "a:other"));

        var results = await Task.WhenAll(TryAsync(organization, one, other.Key), TryAsync(organization, other, one.Key));
        Assert.Single(results, r => r.IsOk);
        Assert.Equal(RoleErrors.ExtendsCycle, Assert.Single(results, r => !r.IsOk).Error);

        var root = await RoleAsync(organization, null, "b:0");
        var work = Enumerable.Range(1, 8).Select(i => i % 2 == 0
            ? CreateAsync(organization, Granter.Instance, root.Key)
            : host.UseAsync<RoleService, Result<Role>>(organization, s => s.UpdateAsync(organization, root.Id, new RoleChanges { Permissions = new Patch<IReadOnlyList<string>>([$"b:{i}"]) }, Granter.Instance, null, Ct)));
        Assert.All(await Task.WhenAll(work), r => Assert.True(r.IsOk, r.Error?.ToString()));
        var now = await FindAsync(organization, root);
        var children = await host.ReadAsync(organization, db => db.Roles.AsNoTracking().Where(r => r.ExtendsId == root.Id).ToListAsync(Ct));
        Assert.Equal(4, children.Count);
        Assert.All(children, c => Assert.Equal(now.Permissions, c.Permissions));
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task Nobody_gains_by_extending_or_by_a_base_more_than_they_hold()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var admin = Granter.Holding([new HeldRole(BuiltInRoles.Admin, BuiltInRoles.Of(BuiltInRoles.Admin))]);
        var strong = await RoleAsync(organization, null, Permission.ConnectionsWrite);
        var mine = (await CreateAsync(organization, admin, null, Permission.MembersRead)).Value!; // covered

        Assert.Equal(RoleErrors.Escalation, (await CreateAsync(organization, admin, strong.Key)).Error);
        Assert.Equal(RoleErrors.Escalation, (await host.UseAsync<RoleService, Result<Role>>(organization, s =>
            s.UpdateAsync(organization, mine.Id, new RoleChanges { Extends = new Patch<string>(strong.Key) }, admin, null, Ct))).Error);

        // What an API gives to Admin only, a role that extends Admin has, too: a deputy with the same list can't take it.
        var resource = ManagementHost.Unique("x");
        var declared = await host.UseAsync<ApiService, Result<Api>>(null, s => s.CreateAsync(
            new NewApi($"https://{resource}.example.test", "Api") { Permissions = [new($"{resource}:pay", [BuiltInRoles.Admin])] }, Ct));
        Assert.True(declared.IsOk, declared.Error?.ToString());
        var deputy = Granter.Holding([new HeldRole("deputy", BuiltInRoles.Of(BuiltInRoles.Admin))]);
        Assert.Equal(RoleErrors.Escalation, (await CreateAsync(organization, deputy, BuiltInRoles.Admin)).Error);
        Assert.True((await CreateAsync(organization, admin, BuiltInRoles.Admin)).IsOk);
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task What_extends_admin_has_what_apis_give_to_admins_and_is_no_default()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var role = await RoleAsync(organization, BuiltInRoles.Admin, "own:thing");
        var member = await host.NewMemberAsync(organization, role.Key, Ct);
        var resource = ManagementHost.Unique("x");
        await host.UseAsync<ApiService, Result<Api>>(null, s => s.CreateAsync(
            new NewApi($"https://{resource}.example.test", "Api") { Permissions = [new($"{resource}:pay", [BuiltInRoles.Admin]), new("own:thing", [])] }, Ct));

        var answers = await host.UseAsync<PermissionChecks, IReadOnlyList<PermissionAnswer>>(null, s => s.AnswerAsync(
            [new PermissionQuestion(member.Membership.UserId, organization, $"{resource}:pay"), new PermissionQuestion(member.Membership.UserId, organization, "own:thing")], Ct));
        Assert.Equal([true, true], answers.Select(a => a.Allowed));
        Assert.Equal((role.Key, true), (answers[0].Paths[0].Role, answers[0].Paths[0].ByDefault));

        var connection = await host.UseAsync<ConnectionService, Result<Connection>>(organization, s => s.CreateOidcAsync(
            organization, new NewOidcConnection("Idp", "https://idp.example.test", "client") { DefaultRole = role.Key }, Granter.Instance, Ct));
        Assert.Equal(ConnectionErrors.RolePrivileged, connection.Error);
    }

    [Fact]
    public async Task Only_those_whom_a_role_names_give_it_and_take_it()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var role = (await host.UseAsync<RoleService, Result<Role>>(organization, s => s.CreateAsync(
            organization, new NewRole(ManagementHost.Unique("r"), "Auditor", [Permission.EventsRead]) { AssignableBy = ["compliance"] }, Granter.Instance, Ct))).Value!; // valid
        var member = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        var admin = new HeldRole(BuiltInRoles.Admin, BuiltInRoles.Of(BuiltInRoles.Admin));

        Assert.Equal(RoleErrors.Escalation, (await GiveAsync(organization, member, role.Key, Granter.Holding([admin]))).Error);
        Assert.Equal(RoleErrors.Escalation, (await CreateAsync(organization, Granter.Holding([admin]), role.Key)).Error);
        Assert.Equal(RoleErrors.Escalation, (await GiveAsync(organization, member, role.Key, Granter.Holding([new HeldRole("compliance", [])]))).Error);
        Assert.True((await GiveAsync(organization, member, role.Key, Granter.Holding([admin, new HeldRole("compliance", [])]))).IsOk);
        Assert.Equal(RoleErrors.Escalation, (await host.UseAsync<Core.Members.MemberService, Result<Core.Members.Member>>(organization, s =>
            s.RevokeRoleAsync(organization, member.Membership.Id, role.Key, Granter.Holding([admin]), Ct))).Error);
        Assert.Equal(RoleErrors.AssignableByInvalid, (await host.UseAsync<RoleService, Result<Role>>(organization, s =>
            s.UpdateAsync(organization, role.Id, new RoleChanges { AssignableBy = new Patch<IReadOnlyList<string>>(["Not a key"]) }, Granter.Instance, null, Ct))).Error);
    }

    private Task<Result<Core.Members.Member>> GiveAsync(Id<Organization> organization, Core.Members.Member member, string role, Granter granter) =>
        host.UseAsync<Core.Members.MemberService, Result<Core.Members.Member>>(organization, s => s.GrantRoleAsync(organization, member.Membership.Id, role, granter, Ct));

    private Task<Result<Role>> CreateAsync(Id<Organization> owner, Granter granter, string? extends, params string[] permissions) =>
        host.UseAsync<RoleService, Result<Role>>(owner == Organization.Instance ? null : owner, s => s.CreateAsync(owner, new NewRole(ManagementHost.Unique("r"), "Role", permissions, extends), granter, Ct));

    private async Task<Role> RoleAsync(Id<Organization> owner, string? extends, params string[] permissions)
    {
        var created = await CreateAsync(owner, Granter.Instance, extends, permissions);
        Assert.True(created.IsOk, created.Error?.ToString());
        return created.Value;
    }

    private Task<Result<Role>> TryAsync(Id<Organization> owner, Role role, string extends) =>
        host.UseAsync<RoleService, Result<Role>>(owner == Organization.Instance ? null : owner, s => s.UpdateAsync(owner, role.Id, new RoleChanges { Extends = new Patch<string>(extends) }, Granter.Instance, null, Ct));

    private async Task ChangeAsync(Id<Organization> owner, Role role, RoleChanges changes)
    {
        var changed = await host.UseAsync<RoleService, Result<Role>>(owner == Organization.Instance ? null : owner, s => s.UpdateAsync(owner, role.Id, changes, Granter.Instance, null, Ct));
        Assert.True(changed.IsOk, changed.Error?.ToString());
    }

    private Task<Role> FindAsync(Id<Organization> organization, Role role) =>
        host.ReadAsync(organization, db => db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().SingleAsync(r => r.Id == role.Id, Ct));

    private static async Task<JsonElement> CreatedAsync(HttpClient client, Id<Organization> organization, object body)
    {
        using var created = await client.PostAsJsonAsync($"organizations/{organization}/roles", body, Ct);
        Assert.True(created.StatusCode == HttpStatusCode.Created, await created.Content.ReadAsStringAsync(Ct));
        return await created.Content.ReadFromJsonAsync<JsonElement>(Ct);
    }

    private static string?[] Texts(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(e => e.GetString())];
}

public sealed class RoleHierarchyOnSqlite(SqliteManagement host) : RoleHierarchyTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class RoleHierarchyOnPostgreSql(PostgreSqlManagement host) : RoleHierarchyTests(host), IClassFixture<PostgreSqlManagement>;

/// <summary>On instances of their own: a narrowed built-in role is narrower for everybody.</summary>
public abstract class NarrowedBuiltInTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_operator_narrows_a_built_in_role_and_an_upgrade_keeps_that()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var (admin, owner) = (await BuiltInAsync(BuiltInRoles.Admin), await BuiltInAsync(BuiltInRoles.Owner));
        var extending = (await host.UseAsync<RoleService, Result<Role>>(organization, s => s.CreateAsync(organization, new NewRole("lead", "Lead", [], BuiltInRoles.Admin), Granter.Instance, Ct))).Value!; // valid
        using var client = host.AsOperator();
        var narrow = admin.Permissions.Where(p => p != Permission.MembersWrite).ToArray();

        await AssertProblem.IsAsync(await client.PatchAsJsonAsync($"roles/{admin.Id}", new { permissions = admin.Permissions.Append(Permission.DomainsWrite) }, Ct), HttpStatusCode.BadRequest, "role_built_in_widened", Ct);
        await AssertProblem.IsAsync(await client.PatchAsJsonAsync($"roles/{admin.Id}", new { extends = "guest" }, Ct), HttpStatusCode.Conflict, "role_built_in", Ct);
        await AssertProblem.IsAsync(await client.PatchAsJsonAsync($"roles/{owner.Id}", new { permissions = narrow }, Ct), HttpStatusCode.Conflict, "role_built_in", Ct);
        await AssertProblem.IsAsync(await client.PatchAsJsonAsync($"organizations/{organization}/roles/{admin.Id}", new { permissions = narrow }, Ct), HttpStatusCode.Conflict, "role_of_instance", Ct);

        using var changed = await client.PatchAsJsonAsync($"roles/{admin.Id}", new { permissions = narrow, displayName = "Administratorin" }, Ct);
        Assert.True(changed.IsSuccessStatusCode, await changed.Content.ReadAsStringAsync(Ct));
        Assert.DoesNotContain(Permission.MembersWrite, (await BuiltInAsync(BuiltInRoles.Admin)).Permissions);
        Assert.DoesNotContain(Permission.MembersWrite, await PermissionsAsync(organization, extending));

        // The next version publishes one more for admins, and one was lost from the row: it comes with the next start, what was withheld does not.
        await host.UseAsync<IdpDbContext, int>(null, db => db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => r.Id == admin.Id)
            .ExecuteUpdateAsync(set => set.SetProperty(r => r.Permissions, new[] { Permission.ProfileRead }), Ct));
        await host.UseAsync<IdpDbContext, bool>(null, async db =>
        {
            await RoleSeeding.SeedAsync(db, TimeProvider.System, Ct);
            return true;
        });
        var again = await BuiltInAsync(BuiltInRoles.Admin);
        Assert.Equal(narrow, again.Permissions);
        Assert.Equal("Administratorin", again.DisplayName);

        using var back = await client.PatchAsJsonAsync($"roles/{admin.Id}", new { permissions = BuiltInRoles.Of(BuiltInRoles.Admin) }, Ct);
        Assert.True(back.IsSuccessStatusCode, await back.Content.ReadAsStringAsync(Ct));
        Assert.Contains(Permission.MembersWrite, await PermissionsAsync(organization, extending));
    }

    private Task<Role> BuiltInAsync(string key) => host.ReadAsync(null, db => db.Roles.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().SingleAsync(r => r.Key == key, Ct));

    private Task<IReadOnlyList<string>> PermissionsAsync(Id<Organization> organization, Role role) =>
        host.ReadAsync(organization, db => db.Roles.AsNoTracking().Where(r => r.Id == role.Id).Select(r => r.Permissions).SingleAsync(Ct));
}

public sealed class NarrowedBuiltInOnSqlite(SqliteManagement host) : NarrowedBuiltInTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class NarrowedBuiltInOnPostgreSql(PostgreSqlManagement host) : NarrowedBuiltInTests(host), IClassFixture<PostgreSqlManagement>;
