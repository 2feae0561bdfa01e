using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Roles;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>Who is in a group: what is said twice is true once, what is unknown changes nothing, and of two changes at once neither is lost.</summary>
public abstract class GroupMemberTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<OrganizationDirectory> DirectoryAsync() => await host.NewDirectoryAsync(await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct)), Ct);

    [Fact]
    public async Task Adding_who_is_there_and_removing_who_is_not_changes_nothing()
    {
        var directory = await DirectoryAsync();
        var (ann, bob) = (await host.NewUserAsync(directory, Ct), await host.NewUserAsync(directory, Ct));
        var group = await host.PushAsync(directory, Ct, [ann]);

        await host.AddAsync(directory, group, Ct, ann);
        await host.RemoveAsync(directory, group, Ct, bob);
        Assert.True((await host.ChangeAsync(directory, group, new MemberChanges(false, [], ["grp_x", "", "no id"]), Ct)).IsOk);
        Assert.True((await host.ChangeAsync(directory, group, new MemberChanges(true, [ann.Id.ToString()], []), Ct)).IsOk);

        var same = await host.ReadAsync(directory.OrganizationId, db => db.DirectoryGroups.AsNoTracking().SingleAsync(g => g.Id == group.Id, Ct));
        Assert.Equal((group.Version, group.UpdatedAt.ToUnixTimeMilliseconds()), (same.Version, same.UpdatedAt.ToUnixTimeMilliseconds()));
        Assert.Equal([ann.Id], await host.MembersOfAsync(group, Ct));
    }

    [Fact]
    [Trait("Attack", "E1")]
    public async Task Whoever_is_no_live_user_of_the_directory_is_unknown_and_nothing_of_the_request_is_kept()
    {
        var (directory, foreign) = (await DirectoryAsync(), await DirectoryAsync());
        var sibling = await host.NewDirectoryAsync(directory.OrganizationId, Ct);
        var (ann, bob) = (await host.NewUserAsync(directory, Ct), await host.NewUserAsync(directory, Ct));
        var (theirs, beside, gone) = (await host.NewUserAsync(foreign, Ct), await host.NewUserAsync(sibling, Ct), await host.NewUserAsync(directory, Ct));
        await host.ReadAsync(directory.OrganizationId, async db =>
        {
            (await db.DirectoryUsers.Include(u => u.Emails).SingleAsync(u => u.Id == gone.Id, Ct)).Delete(TimeProvider.System.GetUtcNow());
            return await db.SaveChangesAsync(Ct);
        });
        var group = await host.PushAsync(directory, Ct, [ann]);
        var elsewhere = await host.PushAsync(foreign, Ct, [theirs]);
        await host.MapAsync(directory, group, BuiltInRoles.Admin, Ct);

        foreach (var value in new[] { theirs.Id.ToString(), beside.Id.ToString(), gone.Id.ToString(), ann.MembershipId.ToString(), group.Id.ToString(), "42", "dus_00000000000000000000000001" })
        {
            foreach (var replaces in new[] { false, true })
            {
                var changed = await host.ChangeAsync(directory, group, new MemberChanges(replaces, [bob.Id.ToString(), value, "and another"], replaces ? [] : [ann.Id.ToString()]), Ct);
                Assert.Equal(GroupErrors.MemberUnknown(value), changed.Error);
            }

            Assert.Equal(GroupErrors.MemberUnknown(value), (await host.TryPushAsync(directory, new GroupFacts(ManagementHost.Unique("Other"), null), [value], Ct)).Error);
        }

        Assert.Equal([ann.Id], await host.MembersOfAsync(group, Ct));
        Assert.DoesNotContain(await host.RolesOfAsync(bob, Ct), r => r.Source == RoleSource.ScimGroup);
        Assert.Equal(1, await host.ReadAsync(directory.OrganizationId, db => db.DirectoryGroups.CountAsync(g => g.DirectoryId == directory.Id, Ct)));

        // Their group by our directory, and ours by theirs.
        Assert.Equal(GroupErrors.NotFound, (await host.ChangeAsync(directory, elsewhere, new MemberChanges(false, [], [theirs.Id.ToString()]), Ct)).Error);
        Assert.Equal(GroupErrors.NotFound, (await host.ChangeAsync(sibling, group, MemberChanges.None, Ct)).Error);
        Assert.Equal([theirs.Id], await host.MembersOfAsync(elsewhere, Ct));
    }

    [Fact]
    [Trait("Attack", "R8")]
    public async Task Of_twenty_equal_groups_at_once_one_is_made()
    {
        var directory = await DirectoryAsync();
        var (name, ann) = (ManagementHost.Unique("Engineering"), await host.NewUserAsync(directory, Ct));

        var made = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => host.TryPushAsync(directory, new GroupFacts(i % 2 == 0 ? name : name.ToUpperInvariant(), null), [ann.Id.ToString()], Ct))));

        Assert.Single(made, r => r.IsOk);
        Assert.All(made.Where(r => !r.IsOk), r => Assert.Equal(GroupErrors.NameTaken, r.Error));
        Assert.Equal(1, await host.ReadAsync(directory.OrganizationId, db => db.DirectoryGroups.CountAsync(g => g.DirectoryId == directory.Id, Ct)));
    }

    [Fact]
    [Trait("Attack", "R8")]
    public async Task Changes_at_once_lose_nobody_and_keep_nobody_and_roles_agree()
    {
        var directory = await DirectoryAsync();
        var (here, come) = (await host.NewUsersAsync(directory, 12, Ct), await host.NewUsersAsync(directory, 12, Ct));
        var group = await host.PushAsync(directory, Ct, here);
        await host.MapAsync(directory, group, BuiltInRoles.Admin, Ct);

        var changes = here.Take(10).Select(u => new MemberChanges(false, [], [u.Id.ToString()])).Concat(come.Select(u => new MemberChanges(false, [u.Id.ToString()], [])));
        var done = await Task.WhenAll(changes.Select(c => Task.Run(() => host.ChangeAsync(directory, group, c, Ct))));

        Assert.All(done, r => Assert.True(r.IsOk, r.Error?.ToString()));
        var wanted = here.Skip(10).Concat(come).ToList();
        Assert.Equal(wanted.Select(u => u.Id).ToHashSet(), await host.MembersOfAsync(group, Ct));
        var holders = await host.ReadAsync(directory.OrganizationId, db => db.MembershipRoles.Where(r => r.Source == RoleSource.ScimGroup).Select(r => r.MembershipId).ToListAsync(Ct));
        Assert.Equal(wanted.Select(u => u.MembershipId).Order(), holders.Order());
    }

    [Fact]
    public async Task A_name_and_an_external_id_are_a_directorys_own_and_another_directory_may_have_the_same()
    {
        var directory = await DirectoryAsync();
        var sibling = await host.NewDirectoryAsync(directory.OrganizationId, Ct);
        var facts = new GroupFacts(ManagementHost.Unique("Straße"), ManagementHost.Unique("x"));
        Assert.True((await host.TryPushAsync(directory, facts, [], Ct)).IsOk);

        Assert.True((await host.TryPushAsync(sibling, facts, [], Ct)).IsOk);
        Assert.Equal(GroupErrors.NameTaken, (await host.TryPushAsync(directory, facts with { DisplayName = facts.DisplayName.ToUpperInvariant(), ExternalId = null }, [], Ct)).Error);
        Assert.Equal(GroupErrors.ExternalIdTaken, (await host.TryPushAsync(directory, facts with { DisplayName = ManagementHost.Unique("Other") }, [], Ct)).Error);
        Assert.Equal(GroupErrors.NameInvalid, (await host.TryPushAsync(directory, new GroupFacts(new string('x', DirectoryGroup.MaxName + 1), null), [], Ct)).Error);
        Assert.Equal(GroupErrors.ExternalIdInvalid, (await host.TryPushAsync(directory, new GroupFacts(ManagementHost.Unique("Other"), ""), [], Ct)).Error);
    }
}

public sealed class GroupMembersOnSqlite(SqliteManagement host) : GroupMemberTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class GroupMembersOnPostgreSql(PostgreSqlManagement host) : GroupMemberTests(host), IClassFixture<PostgreSqlManagement>;
