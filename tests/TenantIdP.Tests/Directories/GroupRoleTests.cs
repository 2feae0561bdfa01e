using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Workspaces;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>Roles follow the groups of a directory, in the transaction of the change, and leave those of other sources alone.</summary>
public abstract class GroupRoleTests(ManagementHost host)
{
    private static readonly HeldFrom Guest = new(BuiltInRoles.Guest, RoleSource.Api);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    // What an app asks about, given to admins.
    private readonly string invoices = ManagementHost.Unique("invoices") + ":write";

    private Task<Result<Api>> DeclareAsync() => host.UseAsync<ApiService, Result<Api>>(null, s => s.CreateAsync(
        new NewApi($"https://{ManagementHost.Unique("api")}.example.test", "Invoices") { Permissions = [new(invoices, [BuiltInRoles.Admin])] }, Ct));

    private static HeldFrom ByGroup(string key) => new(key, RoleSource.ScimGroup);

    private async Task<OrganizationDirectory> DirectoryAsync() => await host.NewDirectoryAsync(await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct)), Ct);

    [Fact]
    [Trait("Attack", "E8")]
    public async Task Whoever_is_in_the_group_has_its_role_and_loses_it_with_the_group()
    {
        var directory = await DirectoryAsync();
        var (ann, bob) = (await host.NewUserAsync(directory, Ct), await host.NewUserAsync(directory, Ct));
        var group = await host.PushAsync(directory, Ct, [ann]);
        var version = await VersionAsync(ann);
        await DeclareAsync();

        await host.MapAsync(directory, group, BuiltInRoles.Admin, Ct);
        Assert.Equal([ByGroup(BuiltInRoles.Admin), Guest], await host.RolesOfAsync(ann, Ct));
        Assert.True(await VersionAsync(ann) > version);
        await host.AddAsync(directory, group, Ct, bob);
        Assert.Equal([ByGroup(BuiltInRoles.Admin), Guest], await host.RolesOfAsync(bob, Ct));
        await host.RemoveAsync(directory, group, Ct, ann);
        Assert.Equal([Guest], await host.RolesOfAsync(ann, Ct));

        // Permission checks read the rows: no node remembers.
        Assert.Equal(PermissionReason.PermissionMissing, await AskAsync(ann));
        Assert.Equal(PermissionReason.Granted, await AskAsync(bob));
        Assert.Equal(2, (await host.EventsOfAsync(directory.OrganizationId, EventTypes.MemberRoleGranted, Ct)).Count);
        var revoked = Assert.Single(await host.EventsOfAsync(directory.OrganizationId, EventTypes.MemberRoleRevoked, Ct));
        Assert.Contains("\"scim_group\"", revoked, StringComparison.Ordinal);
        Assert.Contains(group.Id.ToString(), revoked, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_role_from_two_groups_or_from_people_stays_until_the_last_of_them_ends()
    {
        var directory = await DirectoryAsync();
        var ann = await host.NewUserAsync(directory, Ct);
        var (one, two) = (await host.PushAsync(directory, Ct, [ann]), await host.PushAsync(directory, Ct, [ann]));
        var role = await host.NewRoleAsync(directory.OrganizationId, Ct, "a:b");
        await host.MapAsync(directory, one, role.Key, Ct);
        await host.MapAsync(directory, two, role.Key, Ct);
        await host.UseAsync<MemberService, Result<Member>>(directory.OrganizationId, s => s.GrantRoleAsync(directory.OrganizationId, ann.MembershipId, role.Key, Granter.Instance, Ct));

        await host.RemoveAsync(directory, one, Ct, ann);
        Assert.Equal([Guest, new(role.Key, RoleSource.Api), ByGroup(role.Key)], await host.RolesOfAsync(ann, Ct));
        await host.RemoveAsync(directory, two, Ct, ann);
        Assert.Equal([Guest, new(role.Key, RoleSource.Api)], await host.RolesOfAsync(ann, Ct));
        Assert.Equal(MemberErrors.RoleManagedElsewhere, (await RevokeWhileGivenAsync(directory, one, ann, role)).Error);
    }

    private async Task<Result<Member>> RevokeWhileGivenAsync(OrganizationDirectory directory, DirectoryGroup group, DirectoryUser user, Role role)
    {
        await host.AddAsync(directory, group, Ct, user);
        return await host.UseAsync<MemberService, Result<Member>>(directory.OrganizationId, s => s.RevokeRoleAsync(directory.OrganizationId, user.MembershipId, role.Key, Granter.Instance, Ct));
    }

    [Fact]
    [Trait("Attack", "E8")]
    public async Task A_group_lets_into_a_workspace_and_out_again_whoever_is_there_by_it_alone()
    {
        var directory = await DirectoryAsync();
        var organization = directory.OrganizationId;
        var (ann, bob) = (await host.NewUserAsync(directory, Ct), await host.NewUserAsync(directory, Ct));
        var workspace = await host.NewWorkspaceAsync(organization, Ct);
        var put = await host.UseAsync<WorkspaceMembers, Result<WorkspaceMemberView>>(organization, s => s.PutAsync(organization, workspace.Id, bob.MembershipId, [BuiltInRoles.Guest], Granter.Instance, null, Ct));
        Assert.True(put.IsOk);
        var group = await host.PushAsync(directory, Ct, [ann, bob]);

        var mapping = await host.MapAsync(directory, group, BuiltInRoles.Member, Ct, workspace.Id);
        Assert.Equal([ByGroup(BuiltInRoles.Member)], await host.RolesInAsync(ann, workspace, Ct));
        Assert.Equal([Guest, ByGroup(BuiltInRoles.Member)], await host.RolesInAsync(bob, workspace, Ct));
        Assert.Equal([Guest], await host.RolesOfAsync(ann, Ct)); // in the organization it gives nothing

        await host.RemoveAsync(directory, group, Ct, ann, bob);
        Assert.Null(await host.RolesInAsync(ann, workspace, Ct));
        Assert.Equal([Guest], await host.RolesInAsync(bob, workspace, Ct));

        await host.AddAsync(directory, group, Ct, ann, bob);
        await EndAsync(directory, mapping);
        Assert.Null(await host.RolesInAsync(ann, workspace, Ct));
        Assert.Equal([Guest], await host.RolesInAsync(bob, workspace, Ct));
    }

    [Fact]
    [Trait("Attack", "E8")]
    public async Task A_deleted_group_takes_its_roles_and_gives_them_again_when_the_same_directory_pushes_the_same_external_id()
    {
        var directory = await DirectoryAsync();
        var sibling = await host.NewDirectoryAsync(directory.OrganizationId, Ct);
        var (ann, other) = (await host.NewUserAsync(directory, Ct), await host.NewUserAsync(sibling, Ct));
        var external = ManagementHost.Unique("object");
        var group = await host.PushAsync(directory, Ct, [ann], external);
        await host.MapAsync(directory, group, BuiltInRoles.Admin, Ct);

        await host.DeleteAsync(directory, group, Ct);
        Assert.Equal([Guest], await host.RolesOfAsync(ann, Ct));
        await host.PushAsync(sibling, Ct, [other], external);
        await host.PushAsync(directory, Ct, [ann], external.ToUpperInvariant());
        Assert.Equal([Guest], await host.RolesOfAsync(other, Ct));
        Assert.Equal([Guest], await host.RolesOfAsync(ann, Ct));

        var back = await host.PushAsync(directory, Ct, [ann], external);
        Assert.Equal([ByGroup(BuiltInRoles.Admin), Guest], await host.RolesOfAsync(ann, Ct));
        Assert.Equal(back.Id, (await MappingsAsync(directory)).Single().GroupId);
    }

    [Fact]
    public async Task Without_an_external_id_a_group_of_the_same_name_gives_nothing()
    {
        var directory = await DirectoryAsync();
        var ann = await host.NewUserAsync(directory, Ct);
        var group = await host.PushAsync(directory, Ct, [ann]);
        await host.MapAsync(directory, group, BuiltInRoles.Admin, Ct);

        await host.DeleteAsync(directory, group, Ct);
        Assert.True((await host.TryPushAsync(directory, new GroupFacts(group.DisplayName, null), [ann.Id.ToString()], Ct)).IsOk);

        Assert.Equal([Guest], await host.RolesOfAsync(ann, Ct));
        Assert.Empty(await MappingsAsync(directory));
        Assert.Contains("\"group\"", Assert.Single(await host.EventsOfAsync(directory.OrganizationId, EventTypes.GroupMappingDeleted, Ct)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_deactivated_keeps_up_with_the_groups_and_who_was_removed_has_them_when_they_are_back()
    {
        var directory = await DirectoryAsync();
        var organization = directory.OrganizationId;
        await DeclareAsync();
        var (ann, bob, cat) = (await host.NewUserAsync(directory, Ct), await host.NewUserAsync(directory, Ct), await host.NewUserAsync(directory, Ct));
        var group = await host.PushAsync(directory, Ct, [ann, cat]);
        await host.MapAsync(directory, group, BuiltInRoles.Admin, Ct);
        foreach (var leaver in new[] { ann, bob }) Assert.True((await host.UseAsync<MemberService, Result<Member>>(organization, s => s.DeactivateAsync(organization, leaver.MembershipId, Granter.Instance, Ct))).IsOk);
        Assert.True((await host.UseAsync<MemberService, Result>(organization, s => s.RemoveAsync(organization, cat.MembershipId, Granter.Instance, Ct))).IsOk);

        await host.RemoveAsync(directory, group, Ct, ann);
        await host.AddAsync(directory, group, Ct, bob);
        Assert.Equal([Guest], await host.RolesOfAsync(ann, Ct));
        Assert.Equal(PermissionReason.MembershipInactive, await AskAsync(bob));
        Assert.Empty(await host.RolesOfAsync(cat, Ct));

        var user = await UserIdAsync(cat);
        Assert.True((await host.UseAsync<MemberService, Result<Member>>(organization, s => s.AddAsync(organization, user, [BuiltInRoles.Guest], Granter.Instance, Ct))).IsOk);
        Assert.Equal([ByGroup(BuiltInRoles.Admin), Guest], await host.RolesOfAsync(cat, Ct));
        Assert.True((await host.UseAsync<MemberService, Result<Member>>(organization, s => s.ReactivateAsync(organization, bob.MembershipId, Granter.Instance, Ct))).IsOk);
        Assert.Equal(PermissionReason.Granted, await AskAsync(bob));
    }

    [Fact]
    public async Task Many_are_followed_in_steps_and_told_by_one_event()
    {
        var directory = await DirectoryAsync();
        var users = await host.NewUsersAsync(directory, 1_100, Ct);
        var group = await host.PushAsync(directory, Ct, users);
        var workspace = await host.NewWorkspaceAsync(directory.OrganizationId, Ct);
        var role = await host.NewRoleAsync(directory.OrganizationId, Ct, "a:b");
        await host.MapAsync(directory, group, role.Key, Ct);
        await host.MapAsync(directory, group, role.Key, Ct, workspace.Id);
        Assert.Equal((1_100, 1_100), await HoldersAsync(directory, role));

        // All but fifty leave, and one comes.
        var one = (await host.NewUsersAsync(directory, 1, Ct))[0];
        var wanted = users.Take(50).Append(one).Select(u => u.Id.ToString()).ToList();
        Assert.True((await host.ChangeAsync(directory, group, new MemberChanges(true, wanted, []), Ct)).IsOk);

        Assert.Equal(users.Take(50).Append(one).Select(u => u.Id).ToHashSet(), await host.MembersOfAsync(group, Ct));
        Assert.Equal((51, 51), await HoldersAsync(directory, role));
        var told = await host.EventsOfAsync(directory.OrganizationId, EventTypes.GroupMappingApplied, Ct);
        Assert.Equal(4, told.Count);
        Assert.Equal(2, told.Count(e => e.Contains("\"granted\":1100", StringComparison.Ordinal)));
        Assert.Equal(2, told.Count(e => e.Contains("\"revoked\":1050", StringComparison.Ordinal) && e.Contains("\"granted\":1,", StringComparison.Ordinal)));
        Assert.Empty(await host.EventsOfAsync(directory.OrganizationId, EventTypes.MemberRoleRevoked, Ct));

        await host.DeleteAsync(directory, group, Ct);
        Assert.Equal((0, 0), await HoldersAsync(directory, role));
    }

    [Fact]
    public async Task Where_the_directory_decides_people_give_no_roles_beside_it()
    {
        var directory = await DirectoryAsync();
        var organization = directory.OrganizationId;
        await host.UseAsync<OrganizationService, Result<Organization>>(organization, s => s.UpdateAsync(organization, new OrganizationChanges { DirectoryAuthoritative = true }, Granter.Instance, null, Ct));
        var ann = await host.NewUserAsync(directory, Ct);
        var group = await host.PushAsync(directory, Ct, [ann]);
        await host.MapAsync(directory, group, BuiltInRoles.Member, Ct);

        var granted = await host.UseAsync<MemberService, Result<Member>>(organization, s => s.GrantRoleAsync(organization, ann.MembershipId, BuiltInRoles.Admin, Granter.Instance, Ct));

        Assert.Equal(MemberErrors.ManagedByDirectory, granted.Error);
        await host.RemoveAsync(directory, group, Ct, ann);
        Assert.True((await host.UseAsync<MemberService, Result<Member>>(organization, s => s.GrantRoleAsync(organization, ann.MembershipId, BuiltInRoles.Admin, Granter.Instance, Ct))).IsOk);
    }

    [Fact]
    public async Task The_end_of_the_directory_takes_its_roles_and_leaves_its_members()
    {
        var directory = await DirectoryAsync();
        var ann = await host.NewUserAsync(directory, Ct);
        var group = await host.PushAsync(directory, Ct, [ann]);
        var workspace = await host.NewWorkspaceAsync(directory.OrganizationId, Ct);
        await host.MapAsync(directory, group, BuiltInRoles.Admin, Ct);
        await host.MapAsync(directory, group, BuiltInRoles.Member, Ct, workspace.Id);

        var ended = await host.UseAsync<DirectoryDeletion, Result<DirectoryImpact>>(directory.OrganizationId, s => s.DeleteAsync(directory.OrganizationId, directory.Id, null, Ct));

        Assert.Equal(1, ended.Value!.MembersLosingRoles); // there is such a directory
        Assert.Equal([Guest], await host.RolesOfAsync(ann, Ct));
        Assert.Null(await host.RolesInAsync(ann, workspace, Ct));
        Assert.Equal(0, await host.ReadAsync(directory.OrganizationId, db => db.DirectoryGroupMembers.CountAsync(m => m.GroupId == group.Id, Ct)));
    }

    private async Task EndAsync(OrganizationDirectory directory, GroupMapping mapping)
    {
        var ended = await host.UseAsync<GroupMappingService, Result>(directory.OrganizationId, s => s.DeleteAsync(directory.OrganizationId, directory.Id, mapping.Id, Granter.Instance, Ct));
        Assert.True(ended.IsOk, ended.Error?.ToString());
    }

    private Task<List<GroupMapping>> MappingsAsync(OrganizationDirectory directory) =>
        host.ReadAsync(directory.OrganizationId, db => db.GroupMappings.AsNoTracking().Where(m => m.DirectoryId == directory.Id).ToListAsync(Ct));

    private Task<(int, int)> HoldersAsync(OrganizationDirectory directory, Role role) => host.ReadAsync(directory.OrganizationId, async db =>
        (await db.MembershipRoles.CountAsync(r => r.RoleId == role.Id, Ct), await db.WorkspaceMembers.CountAsync(m => m.Roles.Any(r => r.RoleId == role.Id), Ct)));

    private Task<int> VersionAsync(DirectoryUser user) => host.ReadAsync(user.OrganizationId, db => db.Memberships.Where(m => m.Id == user.MembershipId).Select(m => m.Version).SingleAsync(Ct));

    private Task<Id<Core.Users.User>> UserIdAsync(DirectoryUser user) => host.ReadAsync(user.OrganizationId, db => db.Memberships.Where(m => m.Id == user.MembershipId).Select(m => m.UserId).SingleAsync(Ct));

    private async Task<PermissionReason> AskAsync(DirectoryUser user)
    {
        var question = new PermissionQuestion(await UserIdAsync(user), user.OrganizationId, invoices);
        return (await host.UseAsync<PermissionChecks, IReadOnlyList<PermissionAnswer>>(null, s => s.AnswerAsync([question], Ct)))[0].Reason;
    }
}

public sealed class GroupRolesOnSqlite(SqliteManagement host) : GroupRoleTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class GroupRolesOnPostgreSql(PostgreSqlManagement host) : GroupRoleTests(host), IClassFixture<PostgreSqlManagement>;
