using TenantIdP.Core.Apis;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Roles;

public abstract class EscalationTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Granter As(string builtIn) => Granter.Holding([new HeldRole(builtIn, BuiltInRoles.All.Single(r => r.Key == builtIn).Permissions)]);

    private Task<Result<Member>> GrantAsync(Id<Organization> organization, Member member, string role, Granter granter) =>
        host.UseAsync<MemberService, Result<Member>>(organization, m => m.GrantRoleAsync(organization, member.Membership.Id, role, granter, Ct));

    private Task<Result<Role>> CreateAsync(Id<Organization> organization, Granter granter, params string[] permissions) =>
        host.UseAsync<RoleService, Result<Role>>(organization, r => r.CreateAsync(organization, new NewRole(ManagementHost.Unique("r"), "Role", permissions), granter, Ct));

    [Fact]
    [Trait("Attack", "C10")]
    public async Task An_admin_makes_nobody_an_owner_and_takes_it_from_nobody()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var owner = await host.NewMemberAsync(organization, BuiltInRoles.Owner, Ct);
        await host.NewMemberAsync(organization, BuiltInRoles.Owner, Ct);
        var admin = await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct);
        var id = owner.Membership.Id;

        Assert.Equal(RoleErrors.Escalation, (await GrantAsync(organization, admin, BuiltInRoles.Owner, As(BuiltInRoles.Admin))).Error);
        Assert.Equal(RoleErrors.Escalation, (await host.UseAsync<MemberService, Result<Member>>(organization, m => m.RevokeRoleAsync(organization, id, BuiltInRoles.Owner, As(BuiltInRoles.Admin), Ct))).Error);
        Assert.Equal(RoleErrors.Escalation, (await host.UseAsync<MemberService, Result<Member>>(organization, m => m.DeactivateAsync(organization, id, As(BuiltInRoles.Admin), Ct))).Error);
        Assert.Equal(RoleErrors.Escalation, (await host.UseAsync<MemberService, Result>(organization, m => m.RemoveAsync(organization, id, As(BuiltInRoles.Admin), Ct))).Error);
        Assert.True((await GrantAsync(organization, admin, BuiltInRoles.Member, As(BuiltInRoles.Admin))).IsOk);
        Assert.True((await GrantAsync(organization, admin, BuiltInRoles.Owner, As(BuiltInRoles.Owner))).IsOk);
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task A_role_with_every_permission_of_an_owner_is_still_not_an_owner()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var member = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        var all = BuiltInRoles.All.Single(r => r.Key == BuiltInRoles.Owner).Permissions;
        Assert.Equal(RoleErrors.Escalation, (await GrantAsync(organization, member, BuiltInRoles.Owner, Granter.Holding([new HeldRole("vizier", all)]))).Error);
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task Nobody_makes_widens_or_gives_a_role_beyond_their_own()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var member = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        Assert.Equal(RoleErrors.Escalation, (await CreateAsync(organization, As(BuiltInRoles.Admin), Permission.ConnectionsWrite)).Error);

        var strong = (await CreateAsync(organization, As(BuiltInRoles.Owner), Permission.ConnectionsWrite)).Value!; // an owner may
        Assert.Equal(RoleErrors.Escalation, (await GrantAsync(organization, member, strong.Key, As(BuiltInRoles.Admin))).Error);
        Assert.Equal(RoleErrors.Escalation, (await ChangeAsync(strong, new RoleChanges { Permissions = new Patch<IReadOnlyList<string>>([]) }, As(BuiltInRoles.Admin))).Error);
        Assert.Equal(RoleErrors.Escalation, (await host.UseAsync<RoleService, Result>(organization, r => r.DeleteAsync(organization, strong.Id, As(BuiltInRoles.Admin), Ct))).Error);

        var weak = (await CreateAsync(organization, As(BuiltInRoles.Admin), Permission.MembersRead)).Value!; // an admin holds it
        Assert.Equal(RoleErrors.Escalation, (await ChangeAsync(weak, new RoleChanges { Permissions = new Patch<IReadOnlyList<string>>([Permission.DomainsWrite]) }, As(BuiltInRoles.Admin))).Error);

        Task<Result<Role>> ChangeAsync(Role role, RoleChanges changes, Granter granter) =>
            host.UseAsync<RoleService, Result<Role>>(organization, r => r.UpdateAsync(organization, role.Id, changes, granter, null, Ct));
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task Permissions_that_an_api_gives_to_built_in_roles_count_on_both_sides()
    {
        var (owners, members) = ($"{ManagementHost.Unique("vault")}:open", $"{ManagementHost.Unique("notes")}:read");
        var wanted = new NewApi($"https://{ManagementHost.Unique("api")}.example.test", "API") { Permissions = [new ApiPermission(owners, [BuiltInRoles.Owner]), new ApiPermission(members, [BuiltInRoles.Owner, BuiltInRoles.Admin])] };
        Assert.True((await host.UseAsync<ApiService, Result<Api>>(null, a => a.CreateAsync(wanted, Ct))).IsOk);
        var organization = await host.NewOrganizationAsync(Ct);
        var member = await host.NewMemberAsync(organization, BuiltInRoles.Guest, Ct);

        Assert.True((await CreateAsync(organization, As(BuiltInRoles.Owner), owners)).IsOk);
        Assert.Equal(RoleErrors.Escalation, (await CreateAsync(organization, As(BuiltInRoles.Admin), owners)).Error);
        Assert.True((await CreateAsync(organization, As(BuiltInRoles.Admin), members)).IsOk);

        // Holds all that Admin lists, but not what the API adds to it.
        var lookalike = Granter.Holding([new HeldRole("deputy", BuiltInRoles.All.Single(r => r.Key == BuiltInRoles.Admin).Permissions)]);
        Assert.Equal(RoleErrors.Escalation, (await GrantAsync(organization, member, BuiltInRoles.Admin, lookalike)).Error);
    }

    [Fact]
    public async Task A_role_in_use_or_built_in_or_of_the_instance_is_not_deleted()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var role = (await CreateAsync(organization, Granter.Instance, Permission.MembersRead)).Value!; // valid input
        var member = await host.NewMemberAsync(organization, role.Key, Ct);
        Assert.Equal(RoleErrors.InUse, (await DeleteAsync(organization, role)).Error);

        var owner = (await host.UseAsync<RoleService, Result<Page<Role>>>(null, r => r.ListAsync(Organization.Instance, new RoleFilter(), new PageRequest(200, null), Ct))).Value!.Items.Single(r => r.Key == BuiltInRoles.Owner); // a full page
        Assert.Equal(RoleErrors.OfInstance, (await DeleteAsync(organization, owner)).Error);
        Assert.Equal(RoleErrors.BuiltIn, (await host.UseAsync<RoleService, Result>(null, r => r.DeleteAsync(Organization.Instance, owner.Id, Granter.Instance, Ct))).Error);

        Assert.True((await host.UseAsync<MemberService, Result<Member>>(organization, m => m.RevokeRoleAsync(organization, member.Membership.Id, role.Key, Granter.Instance, Ct))).IsOk);
        Assert.True((await DeleteAsync(organization, role)).IsOk);

        Task<Result> DeleteAsync(Id<Organization> of, Role which) => host.UseAsync<RoleService, Result>(of, r => r.DeleteAsync(of, which.Id, Granter.Instance, Ct));
    }

    [Fact]
    public async Task A_key_of_the_instance_can_not_be_taken_by_an_organization()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var key = ManagementHost.Unique("k");
        Assert.True((await host.UseAsync<RoleService, Result<Role>>(null, r => r.CreateAsync(Organization.Instance, new NewRole(key, "Key", []), Granter.Instance, Ct))).IsOk);
        var taken = await host.UseAsync<RoleService, Result<Role>>(organization, r => r.CreateAsync(organization, new NewRole(key, "Key", []), Granter.Instance, Ct));
        Assert.Equal(RoleErrors.KeyTaken, taken.Error);
    }
}

public sealed class EscalationOnSqlite(SqliteManagement host) : EscalationTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class EscalationOnPostgreSql(PostgreSqlManagement host) : EscalationTests(host), IClassFixture<PostgreSqlManagement>;
