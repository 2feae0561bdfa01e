using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Roles;

/// <summary>What hangs on a role, said before it is changed, and another role in its place.</summary>
public abstract class RoleReplacementTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_deleted_role_is_replaced_with_everybody_from_the_same_source_and_in_connections()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var (old, next) = (await RoleAsync(organization, "a:old"), await RoleAsync(organization, "a:next"));
        var one = await host.NewMemberAsync(organization, old.Key, Ct);
        var both = await host.NewMemberAsync(organization, old.Key, Ct);
        await host.UseAsync<MemberService, Result<Member>>(organization, s => s.GrantRoleAsync(organization, both.Membership.Id, next.Key, Granter.Instance, Ct));
        var connection = await host.UseAsync<ConnectionService, Result<Connection>>(organization, s => s.CreateOidcAsync(
            organization, new NewOidcConnection("Idp", "https://idp.example.test", "client") { DefaultRole = old.Key, SsoRoles = new SsoRoles("groups", [new("G", old.Key), new("H", BuiltInRoles.Member)]) }, Granter.Instance, Ct));
        Assert.True(connection.IsOk, connection.Error?.ToString());
        using var client = host.AsOperator();

        var impact = await client.GetFromJsonAsync<JsonElement>($"organizations/{organization}/roles/{old.Id}/impact?permission=a:new&permission=b:new", Ct);
        Assert.Equal((2, 1, 1), (impact.GetProperty("members").GetInt32(), impact.GetProperty("organizations").GetInt32(), impact.GetProperty("connections").GetInt32()));
        Assert.Equal(["a:new", "b:new"], impact.GetProperty("added").EnumerateArray().Select(p => p.GetString()));
        Assert.Equal("a:old", impact.GetProperty("removed")[0].GetString());
        await AssertProblem.IsAsync(await client.DeleteAsync($"organizations/{organization}/roles/{old.Id}", Ct), HttpStatusCode.Conflict, "role_in_use", Ct);

        using var deleted = await client.DeleteAsync($"organizations/{organization}/roles/{old.Id}?replaceWith={next.Key}", Ct);

        Assert.True(deleted.StatusCode == HttpStatusCode.NoContent, await deleted.Content.ReadAsStringAsync(Ct));
        foreach (var member in new[] { one, both })
        {
            var after = await MembershipAsync(organization, member);
            Assert.Equal(next.Id, Assert.Single(after.Roles).RoleId);
            Assert.Equal(RoleSource.Api, after.Roles[0].Source);
        }

        Assert.True((await MembershipAsync(organization, one)).Version > one.Membership.Version);
        var given = await host.ReadAsync(organization, db => db.Connections.AsNoTracking().SingleAsync(c => c.Id == connection.Value!.Id, Ct)); // asserted
        Assert.Equal(next.Key, given.DefaultRoleKey);
        Assert.Equal([next.Key, BuiltInRoles.Member], given.SsoRoles!.Rules.Select(r => r.Role)); // given
        var said = await host.ReadAsync(organization, db => db.Events.Where(e => e.Type == EventTypes.RoleReplaced).Select(e => e.Data).SingleAsync(Ct));
        Assert.Contains("\"members\":2", said, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task Nobody_replaces_a_role_by_one_that_they_may_not_give()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var role = await RoleAsync(organization, Permission.MembersRead);
        var member = await host.NewMemberAsync(organization, role.Key, Ct);
        var admin = Granter.Holding([new HeldRole(BuiltInRoles.Admin, BuiltInRoles.All.Single(r => r.Key == BuiltInRoles.Admin).Permissions)]);

        foreach (var granter in new[] { admin, Granter.Instance }) Assert.Equal(RoleErrors.ReplacementOwner, (await ReplaceAsync(organization, role, BuiltInRoles.Owner, granter)).Error);
        var strong = await RoleAsync(organization, Permission.ConnectionsWrite);
        Assert.Equal(RoleErrors.Escalation, (await ReplaceAsync(organization, role, strong.Key, admin)).Error);
        Assert.Equal(RoleErrors.ReplacementUnknown, (await ReplaceAsync(organization, role, role.Key, Granter.Instance)).Error);
        var other = await host.NewOrganizationAsync(Ct);
        Assert.Equal(RoleErrors.ReplacementUnknown, (await ReplaceAsync(organization, role, (await RoleAsync(other, "a:b")).Key, Granter.Instance)).Error);
        Assert.Equal(role.Id, Assert.Single((await MembershipAsync(organization, member)).Roles).RoleId);
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task Who_may_not_change_a_connection_changes_no_role_that_it_gives()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var (role, next) = (await RoleAsync(organization, Permission.MembersRead), await RoleAsync(organization, Permission.MembersRead));
        var connection = await host.UseAsync<ConnectionService, Result<Connection>>(organization, s => s.CreateOidcAsync(
            organization, new NewOidcConnection("Idp", "https://idp.example.test", "client") { SsoRoles = new SsoRoles("groups", [new("G", role.Key)]) }, Granter.Instance, Ct));
        var admin = Granter.Holding([new HeldRole(BuiltInRoles.Admin, BuiltInRoles.Of(BuiltInRoles.Admin))]);

        foreach (var with in new[] { BuiltInRoles.Admin, next.Key }) Assert.Equal(RoleErrors.DefaultOfConnection, (await ReplaceAsync(organization, role, with, admin)).Error);
        var kept = await host.ReadAsync(organization, db => db.Connections.AsNoTracking().SingleAsync(c => c.Id == connection.Value!.Id, Ct)); // valid input
        Assert.Equal(role.Key, Assert.Single(kept.SsoRoles!.Rules).Role); // given
        Assert.True((await ReplaceAsync(organization, role, next.Key, Granter.Holding([new HeldRole(BuiltInRoles.Owner, BuiltInRoles.Of(BuiltInRoles.Owner))]))).IsOk);
        Assert.True(await host.ReadAsync(organization, db => db.Events.AnyAsync(e => e.Type == EventTypes.ConnectionUpdated && e.TargetId == connection.Value!.Id.ToString(), Ct)));
    }

    [Fact]
    public async Task A_role_of_the_instance_is_replaced_in_every_organization_and_a_built_in_one_never()
    {
        var role = await RoleAsync(Organization.Instance, "a:b");
        var members = new List<(Id<Organization> Organization, Member Member)>();
        for (var i = 0; i < 3; i++)
        {
            var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
            members.Add((organization, await host.NewMemberAsync(organization, role.Key, Ct)));
        }

        Assert.Equal(RoleErrors.OfInstance, (await ReplaceAsync(members[0].Organization, role, BuiltInRoles.Member, Granter.Instance)).Error);
        Assert.True((await ReplaceAsync(Organization.Instance, role, BuiltInRoles.Member, Granter.Instance)).IsOk);

        foreach (var (organization, member) in members) Assert.NotEqual(role.Id, Assert.Single((await MembershipAsync(organization, member)).Roles).RoleId);
        var builtIn = await host.ReadAsync(null, db => db.Roles.IgnoreQueryFilters([Core.IdpDbContext.OrganizationFilter]).AsNoTracking().SingleAsync(r => r.Key == BuiltInRoles.Guest, Ct));
        Assert.Equal(RoleErrors.BuiltIn, (await ReplaceAsync(Organization.Instance, builtIn, BuiltInRoles.Member, Granter.Instance)).Error);
    }

    private async Task<Role> RoleAsync(Id<Organization> owner, params string[] permissions) =>
        (await host.UseAsync<RoleService, Result<Role>>(owner == Organization.Instance ? null : owner, s => s.CreateAsync(owner, new NewRole(ManagementHost.Unique("r"), "Role", permissions), Granter.Instance, Ct))).Value!; // valid input

    private Task<Result> ReplaceAsync(Id<Organization> owner, Role role, string with, Granter granter) =>
        host.UseAsync<RoleReplacement, Result>(owner == Organization.Instance ? null : owner, s => s.ReplaceAsync(owner, role.Id, with, granter, Ct));

    private Task<Membership> MembershipAsync(Id<Organization> organization, Member member) =>
        host.ReadAsync(organization, db => db.Memberships.Include(m => m.Roles).AsNoTracking().SingleAsync(m => m.Id == member.Membership.Id, Ct));
}

public sealed class RoleReplacementOnSqlite(SqliteManagement host) : RoleReplacementTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class RoleReplacementOnPostgreSql(PostgreSqlManagement host) : RoleReplacementTests(host), IClassFixture<PostgreSqlManagement>;
