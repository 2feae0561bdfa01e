using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Members;

public abstract class LastOwnerTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Task<Result<Member>> ChangeAsync(Id<Organization> organization, Func<MemberService, Task<Result<Member>>> change) => host.UseAsync(organization, change);

    private Task<List<Id<User>>> OwnersAsync(Id<Organization> organization) => host.ReadAsync(organization, async db =>
    {
        var role = await db.Roles.SingleAsync(r => r.Key == BuiltInRoles.Owner, Ct);
        return await db.Memberships.Where(m => m.Status == MembershipStatus.Active && m.Roles.Any(r => r.RoleId == role.Id)).Select(m => m.UserId).ToListAsync(Ct);
    });

    [Fact]
    [Trait("Attack", "C11")]
    public async Task Fifty_demotions_removals_deactivations_and_suspensions_at_once_leave_one_owner()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var owners = new List<Member>();
        for (var i = 0; i < 50; i++) owners.Add(await host.NewMemberAsync(organization, BuiltInRoles.Owner, Ct));

        using var start = new SemaphoreSlim(0);
        var tries = owners.Select((owner, i) => Task.Run(
            async () =>
            {
                await start.WaitAsync(Ct);
                var id = owner.Membership.Id;
                return (i % 4) switch
                {
                    0 => (await ChangeAsync(organization, m => m.RevokeRoleAsync(organization, id, BuiltInRoles.Owner, Granter.Instance, Ct))).Error,
                    1 => (await ChangeAsync(organization, m => m.DeactivateAsync(organization, id, Granter.Instance, Ct))).Error,
                    2 => (await host.UseAsync<MemberService, Result>(organization, m => m.RemoveAsync(organization, id, Granter.Instance, Ct))).Error,
                    _ => (await host.UseAsync<UserService, Result<User>>(null, u => u.SuspendAsync(owner.Membership.UserId, Ct))).Error,
                };
            },
            Ct)).ToArray();
        start.Release(50);
        var refused = (await Task.WhenAll(tries)).Where(e => e is not null).ToList();

        Assert.Equal([MemberErrors.LastOwner], refused);
        var left = await OwnersAsync(organization);
        var suspended = await host.ReadAsync(null, db => db.Users.Where(u => left.Contains(u.Id) && u.Status == UserStatus.Suspended).CountAsync(Ct));
        Assert.Equal(1, left.Count - suspended);
    }

    [Fact]
    public async Task Two_owners_who_demote_each_other_leave_one()
    {
        for (var round = 0; round < 10; round++)
        {
            var organization = await host.NewOrganizationAsync(Ct);
            Member[] owners = [await host.NewMemberAsync(organization, BuiltInRoles.Owner, Ct), await host.NewMemberAsync(organization, BuiltInRoles.Owner, Ct)];
            var results = await Task.WhenAll(owners.Select(o => ChangeAsync(organization, m => m.RevokeRoleAsync(organization, o.Membership.Id, BuiltInRoles.Owner, Granter.Instance, Ct))));
            Assert.Single(results, r => r.IsOk);
            Assert.Single(await OwnersAsync(organization));
        }
    }

    [Fact]
    public async Task An_owner_whose_account_is_suspended_does_not_count()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var acting = await host.NewMemberAsync(organization, BuiltInRoles.Owner, Ct);
        var other = await host.NewMemberAsync(organization, BuiltInRoles.Owner, Ct);
        Assert.True((await host.UseAsync<UserService, Result<User>>(null, u => u.SuspendAsync(other.Membership.UserId, Ct))).IsOk);

        var demoted = await ChangeAsync(organization, m => m.RevokeRoleAsync(organization, acting.Membership.Id, BuiltInRoles.Owner, Granter.Instance, Ct));
        Assert.Equal(MemberErrors.LastOwner, demoted.Error);
        var suspended = await host.UseAsync<UserService, Result<User>>(null, u => u.SuspendAsync(acting.Membership.UserId, Ct));
        Assert.Equal(MemberErrors.LastOwner, suspended.Error);
    }

    [Fact]
    public async Task A_refused_removal_ends_no_grant_and_writes_no_event()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var owner = await host.NewMemberAsync(organization, BuiltInRoles.Owner, Ct);
        var refused = await host.UseAsync<MemberService, Result>(organization, m => m.RemoveAsync(organization, owner.Membership.Id, Granter.Instance, Ct));
        Assert.Equal(MemberErrors.LastOwner, refused.Error);
        Assert.DoesNotContain($"{organization} {owner.Membership.UserId}", host.Revoker.Ended);
        Assert.Equal(0, await host.ReadAsync(organization, db => db.Events.CountAsync(e => e.Type == EventTypes.MemberRemoved, Ct)));
    }

    [Fact]
    public async Task A_removed_member_comes_back_as_the_same_membership_without_old_roles()
    {
        var organization = await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct));
        var admin = await host.NewMemberAsync(organization, BuiltInRoles.Admin, Ct);
        Assert.True((await host.UseAsync<MemberService, Result>(organization, m => m.RemoveAsync(organization, admin.Membership.Id, Granter.Instance, Ct))).IsOk);
        var back = await ChangeAsync(organization, m => m.AddAsync(organization, admin.Membership.UserId, [], Granter.Instance, Ct));
        Assert.Equal(admin.Membership.Id, back.Value!.Membership.Id); // it is Ok
        Assert.Equal([new MemberRole(BuiltInRoles.Member, RoleSource.Api, IsManaged: false)], back.Value.Roles);
    }

    [Fact]
    public async Task Adding_one_person_twenty_times_at_once_makes_one_membership()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var user = await host.NewUserAsync(Ct);
        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ChangeAsync(organization, m => m.AddAsync(organization, user, [], Granter.Instance, Ct))));
        Assert.Single(results, r => r.IsOk);
        Assert.All(results.Where(r => !r.IsOk), r => Assert.Equal(MemberErrors.AlreadyMember, r.Error));
    }

    [Fact]
    public async Task Suspending_a_person_ends_their_sessions_and_grants()
    {
        var user = await host.NewUserAsync(Ct);
        var (session, _) = await host.SignInAsync(user, null, Ct);
        Assert.True((await host.UseAsync<UserService, Result<User>>(null, u => u.SuspendAsync(user, Ct))).IsOk);
        Assert.NotNull((await host.ReadAsync(null, db => db.Sessions.SingleAsync(s => s.Id == session, Ct))).EndedAt);
        Assert.Contains(user.ToString(), host.Revoker.Ended);
    }
}

public sealed class LastOwnerOnSqlite(SqliteManagement host) : LastOwnerTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class LastOwnerOnPostgreSql(PostgreSqlManagement host) : LastOwnerTests(host), IClassFixture<PostgreSqlManagement>;
