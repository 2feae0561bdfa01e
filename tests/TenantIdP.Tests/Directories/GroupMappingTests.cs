using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Workspaces;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>Who may say which roles a group gives, and what it would mean, said before.</summary>
public abstract class GroupMappingTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static Granter As(string builtIn, params string[] more) => Granter.Holding([new HeldRole(builtIn, [.. BuiltInRoles.Of(builtIn), .. more])]);

    private async Task<OrganizationDirectory> DirectoryAsync() => await host.NewDirectoryAsync(await host.NewOrganizationAsync(Ct, await host.NewUserAsync(Ct)), Ct);

    [Fact]
    [Trait("Attack", "C10")]
    public async Task No_group_gives_Owner_whoever_asks()
    {
        var directory = await DirectoryAsync();
        var ann = await host.NewUserAsync(directory, Ct);
        var group = await host.PushAsync(directory, Ct, [ann]);
        var workspace = await host.NewWorkspaceAsync(directory.OrganizationId, Ct);

        foreach (var granter in new[] { Granter.Instance, As(BuiltInRoles.Owner), As(BuiltInRoles.Admin, Permission.DirectoriesWrite) })
        {
            Assert.Equal(GroupErrors.OwnerMapped, (await host.TryMapAsync(directory, group, BuiltInRoles.Owner, Ct, granter: granter)).Error);
            Assert.Equal(GroupErrors.OwnerMapped, (await host.TryMapAsync(directory, group, BuiltInRoles.Owner, Ct, workspace.Id, granter)).Error);
        }

        // Nor by putting Owner in the place of a role that a group gives.
        var role = await host.NewRoleAsync(directory.OrganizationId, Ct, "a:b");
        await host.MapAsync(directory, group, role.Key, Ct);
        var replaced = await host.UseAsync<RoleReplacement, Result>(directory.OrganizationId, s => s.ReplaceAsync(directory.OrganizationId, role.Id, BuiltInRoles.Owner, Granter.Instance, Ct));
        Assert.Equal(RoleErrors.ReplacementOwner, replaced.Error);
        Assert.DoesNotContain(await host.RolesOfAsync(ann, Ct), r => r.Key == BuiltInRoles.Owner);
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task Nobody_maps_or_unmaps_a_role_with_permissions_that_they_lack()
    {
        var directory = await DirectoryAsync();
        var organization = directory.OrganizationId;
        var group = await host.PushAsync(directory, Ct);
        var strong = await host.NewRoleAsync(organization, Ct, Permission.ConnectionsWrite);
        var admin = As(BuiltInRoles.Admin, Permission.DirectoriesWrite);

        Assert.Equal(RoleErrors.Escalation, (await host.TryMapAsync(directory, group, strong.Key, Ct, granter: admin)).Error);
        Assert.True((await host.TryMapAsync(directory, group, BuiltInRoles.Admin, Ct, granter: admin)).IsOk);
        var mapping = await host.MapAsync(directory, group, strong.Key, Ct);
        var ended = await host.UseAsync<GroupMappingService, Result>(organization, s => s.DeleteAsync(organization, directory.Id, mapping.Id, admin, Ct));
        Assert.Equal(RoleErrors.Escalation, ended.Error);
        Assert.Equal(RoleErrors.Escalation, (await host.UseAsync<GroupMappingService, Result<GroupMappingImpact>>(organization, s => s.TryDeleteAsync(organization, directory.Id, mapping.Id, admin, Ct))).Error);
        Assert.Equal(RoleErrors.Escalation, (await host.UseAsync<GroupMappingService, Result<GroupMappingImpact>>(
            organization, s => s.TryCreateAsync(organization, directory.Id, new NewGroupMapping(group.Id, strong.Key, null), admin, Ct))).Error);
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task Another_organizations_group_role_and_workspace_are_not_there()
    {
        var (ours, theirs) = (await DirectoryAsync(), await DirectoryAsync());
        var sibling = await host.NewDirectoryAsync(ours.OrganizationId, Ct);
        var group = await host.PushAsync(ours, Ct);
        var foreign = await host.PushAsync(theirs, Ct);
        var beside = await host.PushAsync(sibling, Ct);
        var role = await host.NewRoleAsync(theirs.OrganizationId, Ct, "a:b");
        var workspace = await host.NewWorkspaceAsync(theirs.OrganizationId, Ct);

        foreach (var other in new[] { foreign, beside }) Assert.Equal(GroupErrors.NotFound.Code, (await host.TryMapAsync(ours, other, BuiltInRoles.Member, Ct)).Error!.Code); // refused
        Assert.Equal(RoleErrors.Unknown.Code, (await host.TryMapAsync(ours, group, role.Key, Ct)).Error!.Code); // refused
        Assert.Equal(WorkspaceErrors.NotFound.Code, (await host.TryMapAsync(ours, group, BuiltInRoles.Member, Ct, workspace.Id)).Error!.Code); // refused
    }

    [Fact]
    public async Task A_mapping_is_made_once_and_a_role_that_a_group_gives_is_not_deleted()
    {
        var directory = await DirectoryAsync();
        var organization = directory.OrganizationId;
        var group = await host.PushAsync(directory, Ct, externalId: ManagementHost.Unique("x"));
        var role = await host.NewRoleAsync(organization, Ct, "a:b");
        await host.MapAsync(directory, group, role.Key, Ct);

        Assert.Equal(GroupErrors.MappingExists, (await host.TryMapAsync(directory, group, role.Key, Ct)).Error);
        await host.DeleteAsync(directory, group, Ct); // it waits for its group
        var deleted = await host.UseAsync<RoleService, Result>(organization, s => s.DeleteAsync(organization, role.Id, Granter.Instance, Ct));
        Assert.Equal(GroupErrors.MappingOfRole, deleted.Error);
    }

    [Fact]
    public async Task A_replaced_role_is_replaced_in_mappings_too_and_given_once()
    {
        var directory = await DirectoryAsync();
        var organization = directory.OrganizationId;
        var ann = await host.NewUserAsync(directory, Ct);
        var (one, two) = (await host.PushAsync(directory, Ct, [ann]), await host.PushAsync(directory, Ct, [ann]));
        var (old, next) = (await host.NewRoleAsync(organization, Ct, "a:old"), await host.NewRoleAsync(organization, Ct, "a:next"));
        await host.MapAsync(directory, one, old.Key, Ct);
        await host.MapAsync(directory, two, old.Key, Ct);
        await host.MapAsync(directory, two, next.Key, Ct);

        var admin = As(BuiltInRoles.Admin, "a:old", "a:next");
        Assert.Equal(GroupErrors.MappingOfRole, (await ReplaceAsync(organization, old, next, admin)).Error);
        Assert.True((await ReplaceAsync(organization, old, next, Granter.Instance)).IsOk);

        Assert.Equal(2, (await host.RolesOfAsync(ann, Ct)).Count(r => r == new HeldFrom(next.Key, RoleSource.ScimGroup)));
        await host.RemoveAsync(directory, one, Ct, ann);
        Assert.Equal(1, (await host.RolesOfAsync(ann, Ct)).Count(r => r.Source == RoleSource.ScimGroup));
        await host.RemoveAsync(directory, two, Ct, ann);
        Assert.DoesNotContain(await host.RolesOfAsync(ann, Ct), r => r.Source == RoleSource.ScimGroup);
    }

    private Task<Result> ReplaceAsync(Id<Organization> organization, Role role, Role with, Granter granter) =>
        host.UseAsync<RoleReplacement, Result>(organization, s => s.ReplaceAsync(organization, role.Id, with.Key, granter, Ct));

    [Fact]
    public async Task What_a_mapping_would_mean_is_said_and_is_what_happens()
    {
        var directory = await DirectoryAsync();
        var users = new List<DirectoryUser>();
        for (var i = 0; i < 3; i++) users.Add(await host.NewUserAsync(directory, Ct));
        var group = await host.PushAsync(directory, Ct, users);
        var role = await host.NewRoleAsync(directory.OrganizationId, Ct, "a:b");
        await host.UseAsync<MemberService, Result<Member>>(directory.OrganizationId, s => s.GrantRoleAsync(directory.OrganizationId, users[0].MembershipId, role.Key, Granter.Instance, Ct));
        using var client = host.AsOperator();
        var path = $"organizations/{directory.OrganizationId}/directories/{directory.Id}/group-mappings";
        var body = new { groupId = group.Id.ToString(), role = role.Key };

        var wouldGain = await (await client.PostAsJsonAsync($"{path}?dryRun=true", body, Ct)).Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal((2, 0), (wouldGain.GetProperty("gains").GetInt32(), wouldGain.GetProperty("loses").GetInt32()));
        Assert.Equal(
            users.Skip(1).Select(u => u.MembershipId.ToString()).Order(StringComparer.Ordinal), wouldGain.GetProperty("members").EnumerateArray().Select(m => m.GetProperty("memberId").GetString()!).Order(StringComparer.Ordinal)); // each has one
        Assert.Equal(0, await host.ReadAsync(directory.OrganizationId, db => db.GroupMappings.CountAsync(m => m.DirectoryId == directory.Id, Ct)));

        using var created = await client.PostAsJsonAsync(path, body, Ct);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.Equal(3, await host.ReadAsync(directory.OrganizationId, db => db.MembershipRoles.CountAsync(r => r.Source == RoleSource.ScimGroup, Ct)));
        var location = created.Headers.Location!.ToString(); // created
        using var wouldLose = await client.DeleteAsync($"{location}?dryRun=true", Ct);
        var loses = await wouldLose.Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal((0, 2), (loses.GetProperty("gains").GetInt32(), loses.GetProperty("loses").GetInt32()));

        var listed = await client.GetFromJsonAsync<JsonElement>($"organizations/{directory.OrganizationId}/directories/{directory.Id}/groups", Ct);
        var shown = Assert.Single(listed.GetProperty("data").EnumerateArray());
        Assert.Equal((3, role.Key), (shown.GetProperty("members").GetInt32(), shown.GetProperty("mappings")[0].GetProperty("role").GetString()));
        var page = await client.GetFromJsonAsync<JsonElement>($"organizations/{directory.OrganizationId}/directories/{directory.Id}/groups/{group.Id}/members?limit=2", Ct);
        Assert.Equal(2, page.GetProperty("data").GetArrayLength());
        Assert.NotNull(page.GetProperty("next").GetString());

        using var ended = await client.DeleteAsync(location, Ct);
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        Assert.Equal(0, await host.ReadAsync(directory.OrganizationId, db => db.MembershipRoles.CountAsync(r => r.Source == RoleSource.ScimGroup, Ct)));
    }
}

public sealed class GroupMappingsOnSqlite(SqliteManagement host) : GroupMappingTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class GroupMappingsOnPostgreSql(PostgreSqlManagement host) : GroupMappingTests(host), IClassFixture<PostgreSqlManagement>;
