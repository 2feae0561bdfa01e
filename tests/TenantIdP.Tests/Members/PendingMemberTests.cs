using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Members;

/// <summary>A pending member is in the list and may do nothing; where a directory decides about roles, people don't; roles are bounded.</summary>
public abstract class PendingMemberTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer, HttpStatusCode status)
    {
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == status, text);
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>A role as a directory gives it.</summary>
    private Task<int> GiveByDirectoryAsync(Id<Organization> organization, Id<Membership> member, string role) => host.ReadAsync(organization, async db =>
    {
        var membership = await db.Memberships.Include(m => m.Roles).SingleAsync(m => m.Id == member, Ct);
        membership.Grant(await db.Roles.SingleAsync(r => r.Key == role, Ct), RoleSource.ScimGroup, "dir_test", TimeProvider.System.GetUtcNow());
        return await db.SaveChangesAsync(Ct);
    });

    private Task<Result<Organization>> SetAuthoritativeAsync(Id<Organization> organization, bool on) =>
        host.UseAsync<OrganizationService, Result<Organization>>(null, o => o.UpdateAsync(organization, new OrganizationChanges { DirectoryAuthoritative = on }, Granter.Instance, null, Ct));

    [Fact]
    [Trait("Attack", "D2")]
    public async Task A_pending_member_opens_nothing_until_activated_and_counts_for_the_limit()
    {
        var (user, organization) = (await host.NewUserAsync(Ct), await host.NewOrganizationAsync(Ct));
        using var instance = host.AsOperator();
        var added = await ReadAsync(await instance.PostAsJsonAsync($"organizations/{organization}/members", new { userId = user.ToString(), roles = new[] { "admin" }, status = "pending" }, Ct), HttpStatusCode.Created);
        var path = $"organizations/{organization}/members/{added.GetProperty("id").GetString()}";
        using var person = await host.AsUserAsync(user, organization, Ct);

        Assert.Equal("pending", added.GetProperty("status").GetString());
        await AssertProblem.IsAsync(await person.GetAsync($"organizations/{organization}/members", Ct), HttpStatusCode.NotFound, "organization_not_found", Ct);
        Assert.Empty(await host.UseAsync<UserOrganizations, IReadOnlyList<UserOrganization>>(null, o => o.ListAsync(user, Ct)));
        await host.UseAsync<OrganizationService, Result<Organization>>(null, o => o.UpdateAsync(organization, new OrganizationChanges { MemberLimit = 1 }, Granter.Instance, null, Ct));
        await AssertProblem.IsAsync(
            await instance.PostAsJsonAsync($"organizations/{organization}/members", new { userId = (await host.NewUserAsync(Ct)).ToString() }, Ct), HttpStatusCode.Conflict, "member_limit_reached", Ct);

        var active = await ReadAsync(await instance.PostAsync($"{path}/activate", null, Ct), HttpStatusCode.OK);
        Assert.Equal("active", active.GetProperty("status").GetString());
        Assert.Equal(HttpStatusCode.OK, (await person.GetAsync($"organizations/{organization}/members", Ct)).StatusCode);
        await AssertProblem.IsAsync(await instance.PostAsync($"{path}/activate", null, Ct), HttpStatusCode.Conflict, "membership_not_pending", Ct);
        Assert.Equal(1, await host.ReadAsync(organization, db => db.Events.CountAsync(e => e.Type == "member.activated", Ct)));
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task Nobody_activates_roles_that_they_could_not_give()
    {
        var (user, organization) = (await host.NewUserAsync(Ct), await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct)));
        var admin = await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct);
        var pending = (await host.UseAsync<MemberService, Result<Member>>(organization, m => m.AddAsync(organization, user, [BuiltInRoles.Owner], pending: true, Granter.Instance, Ct))).Value!; // valid input
        using var client = await host.AsUserAsync(admin.Membership.UserId, organization, Ct);

        await AssertProblem.IsAsync(await client.PostAsync($"organizations/{organization}/members/{pending.Membership.Id}/activate", null, Ct), HttpStatusCode.Forbidden, RoleErrors.Escalation.Code, Ct);
        Assert.Equal(MembershipStatus.Pending, await host.ReadAsync(organization, db => db.Memberships.Where(m => m.Id == pending.Membership.Id).Select(m => m.Status).SingleAsync(Ct)));
    }

    [Fact]
    public async Task A_pending_owner_is_no_owner()
    {
        var owner = await host.NewUserAsync(Ct);
        var organization = await host.NewOrganizationAsync(Ct, owner);
        await host.UseAsync<MemberService, Result<Member>>(organization, async m => await m.AddAsync(organization, await host.NewUserAsync(Ct), [BuiltInRoles.Owner], pending: true, Granter.Instance, Ct));
        var mine = await host.ReadAsync(organization, db => db.Memberships.Where(m => m.UserId == owner).Select(m => m.Id).SingleAsync(Ct));

        Assert.Equal(MemberErrors.LastOwner, (await host.UseAsync<MemberService, Result>(organization, m => m.RemoveAsync(organization, mine, Granter.Instance, Ct))).Error);
    }

    [Fact]
    public async Task Where_the_directory_decides_people_do_not()
    {
        var owner = await host.NewUserAsync(Ct);
        var organization = await host.NewOrganizationAsync(Ct, owner);
        var (managed, free) = (await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct), await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct));
        await GiveByDirectoryAsync(organization, managed.Membership.Id, BuiltInRoles.Guest);
        using var client = host.AsOperator();
        string Path(Member member, string role) => $"organizations/{organization}/members/{member.Membership.Id}/roles/{role}";

        var before = await ReadAsync(await client.PutAsync(Path(managed, "admin"), null, Ct), HttpStatusCode.OK); // off: each source its own
        Assert.Equal(["admin False", "guest True", "member False"], before.GetProperty("roles").EnumerateArray().Select(r => $"{r.GetProperty("key")} {r.GetProperty("managed").GetBoolean()}"));
        Assert.True((await SetAuthoritativeAsync(organization, true)).Value!.DirectoryAuthoritative); // valid input

        await AssertProblem.IsAsync(await client.PutAsync(Path(managed, "owner"), null, Ct), HttpStatusCode.Conflict, "managed_by_directory", Ct);
        await AssertProblem.IsAsync(await client.DeleteAsync(Path(managed, "admin"), Ct), HttpStatusCode.Conflict, "managed_by_directory", Ct);
        Assert.Equal(HttpStatusCode.OK, (await client.PutAsync(Path(free, "admin"), null, Ct)).StatusCode);
        var list = await client.GetFromJsonAsync<JsonElement>($"organizations/{organization}/members?fields=id,roles", Ct);
        foreach (var member in list.GetProperty("data").EnumerateArray())
            Assert.All(member.GetProperty("roles").EnumerateArray(), r => Assert.Equal(member.GetProperty("id").GetString() == managed.Membership.Id.ToString(), r.GetProperty("managed").GetBoolean()));

        await SetAuthoritativeAsync(organization, false);
        Assert.Equal(HttpStatusCode.OK, (await client.DeleteAsync(Path(managed, "admin"), Ct)).StatusCode);
    }

    [Fact]
    public async Task An_organization_without_an_owner_gets_one_by_hand_all_the_same()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var member = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        await GiveByDirectoryAsync(organization, member.Membership.Id, BuiltInRoles.Guest);
        await SetAuthoritativeAsync(organization, true);
        using var client = host.AsOperator();

        await AssertProblem.IsAsync(await client.PutAsync($"organizations/{organization}/members/{member.Membership.Id}/roles/admin", null, Ct), HttpStatusCode.Conflict, "managed_by_directory", Ct);
        Assert.Equal(HttpStatusCode.OK, (await client.PutAsync($"organizations/{organization}/members/{member.Membership.Id}/roles/owner", null, Ct)).StatusCode);
    }

    [Fact]
    [Trait("Attack", "B9")]
    public async Task The_switch_belongs_to_whoever_may_change_directories()
    {
        var owner = await host.NewUserAsync(Ct);
        var organization = await host.NewOrganizationAsync(Ct, owner);
        var admin = await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct);
        using var asAdmin = await host.AsUserAsync(admin.Membership.UserId, organization, Ct);
        using var asOwner = await host.AsUserAsync(owner, organization, Ct);

        await AssertProblem.IsAsync(await asAdmin.PatchAsJsonAsync($"organizations/{organization}", new { directoryAuthoritative = true }, Ct), HttpStatusCode.Forbidden, "permission_missing", Ct);
        var changed = await ReadAsync(await asOwner.PatchAsJsonAsync($"organizations/{organization}", new { directoryAuthoritative = true }, Ct), HttpStatusCode.OK);
        Assert.True(changed.GetProperty("directoryAuthoritative").GetBoolean());
    }

    [Fact]
    public async Task A_member_has_so_many_roles_and_an_organization_so_many_of_its_own()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var member = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
        var few = new MemberOptions { MaxRoles = 2, MaxCustomRoles = 2 };
        await using var scope = host.Services.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<IdpDbContext>().EnterOrganization(organization);
        var roles = ActivatorUtilities.CreateInstance<RoleService>(scope.ServiceProvider, few);
        var members = ActivatorUtilities.CreateInstance<MemberService>(scope.ServiceProvider, ActivatorUtilities.CreateInstance<JoinRules>(scope.ServiceProvider, few));
        foreach (var key in new[] { "one", "two" }) Assert.True((await roles.CreateAsync(organization, new NewRole(key, key, []), Granter.Instance, Ct)).IsOk);

        Assert.Equal(RoleErrors.Limit, (await roles.CreateAsync(organization, new NewRole("three", "three", []), Granter.Instance, Ct)).Error);
        Assert.True((await members.GrantRoleAsync(organization, member.Membership.Id, "one", Granter.Instance, Ct)).IsOk);
        Assert.True((await members.GrantRoleAsync(organization, member.Membership.Id, "one", Granter.Instance, Ct)).IsOk); // held already
        Assert.Equal(MemberErrors.TooManyRoles, (await members.GrantRoleAsync(organization, member.Membership.Id, "two", Granter.Instance, Ct)).Error);
        Assert.Equal(MemberErrors.TooManyRoles, (await members.AddAsync(organization, await host.NewUserAsync(Ct), ["member", "one", "two"], Granter.Instance, Ct)).Error);
    }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task A_role_that_is_deleted_while_it_is_given_is_given_or_gone()
    {
        for (var round = 0; round < 5; round++)
        {
            var organization = await host.NewOrganizationAsync(Ct);
            var member = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);
            var role = (await host.UseAsync<RoleService, Result<Role>>(organization, s => s.CreateAsync(organization, new NewRole("billing", "Billing", []), Granter.Instance, Ct))).Value!; // valid input
            var given = host.UseAsync<MemberService, Result<Member>>(organization, m => m.GrantRoleAsync(organization, member.Membership.Id, "billing", Granter.Instance, Ct));
            var deleted = host.UseAsync<RoleService, Result>(organization, r => r.DeleteAsync(organization, role.Id, Granter.Instance, Ct));
            await Task.WhenAll(given, deleted);

            if ((await given).IsOk) Assert.Equal(RoleErrors.InUse, (await deleted).Error);
            else Assert.True((await deleted).IsOk && (await given).Error == RoleErrors.NotFound, (await given).Error!.Code); // not Ok
        }
    }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task Of_the_switch_to_exclusive_and_a_join_elsewhere_one_is_refused()
    {
        for (var round = 0; round < 5; round++)
        {
            var (ours, theirs, user) = (await host.NewOrganizationAsync(Ct), await host.NewOrganizationAsync(Ct), await host.NewUserAsync(Ct));
            await host.NewMemberAsync(ours, BuiltInRoles.Member, Ct, user);
            var switched = host.UseAsync<OrganizationService, Result<Organization>>(null, o => o.UpdateAsync(ours, new OrganizationChanges { ExclusiveMembership = true }, Granter.Instance, null, Ct));
            var joined = host.UseAsync<MemberService, Result<Member>>(theirs, m => m.AddAsync(theirs, user, [], Granter.Instance, Ct));
            await Task.WhenAll(switched, joined);

            Assert.True((await switched).IsOk != (await joined).IsOk, $"{(await switched).Error?.Code} {(await joined).Error?.Code}");
            Assert.Contains((await switched).Error ?? (await joined).Error, new[] { OrganizationErrors.MembersElsewhere, MemberErrors.SingleOrganization });
        }
    }
}

public sealed class PendingMembersOnSqlite(SqliteManagement host) : PendingMemberTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class PendingMembersOnPostgreSql(PostgreSqlManagement host) : PendingMemberTests(host), IClassFixture<PostgreSqlManagement>;
