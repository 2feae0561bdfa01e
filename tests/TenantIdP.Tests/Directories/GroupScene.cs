using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>A role that somebody holds: its key and where it comes from.</summary>
internal sealed record HeldFrom(string Key, RoleSource Source);

/// <summary>What the tests of groups share: a directory with users, groups and the roles that they give.</summary>
internal static class GroupScene
{
    public static async Task<OrganizationDirectory> NewDirectoryAsync(this ManagementHost host, Id<Organization> organization, CancellationToken ct)
    {
        var made = await host.UseAsync<DirectoryService, Result<MadeDirectory>>(organization, s => s.CreateAsync(organization, DirectorySettings.Named("Directory"), null, Granter.Instance, ct));
        return made.IsOk ? made.Value.Directory : throw new InvalidOperationException(made.Error.Code);
    }

    /// <summary>A user of the directory, who is a member of its organization with the role guest.</summary>
    public static async Task<DirectoryUser> NewUserAsync(this ManagementHost host, OrganizationDirectory directory, CancellationToken ct)
    {
        var member = await host.NewMemberAsync(directory.OrganizationId, BuiltInRoles.Guest, ct);
        return await host.RowAsync(directory, member.Membership.Id, ct);
    }

    public static Task<DirectoryUser> RowAsync(this ManagementHost host, OrganizationDirectory directory, Id<Membership> member, CancellationToken ct) => host.ReadAsync(directory.OrganizationId, async db =>
    {
        var membership = await db.Memberships.SingleAsync(m => m.Id == member, ct);
        var row = DirectoryUser.Create(directory, membership, new DirectoryUserFacts { UserName = ManagementHost.Unique("u"), Document = "{}" }, TimeProvider.System.GetUtcNow());
        db.DirectoryUsers.Add(row);
        await db.SaveChangesAsync(ct);
        return row;
    });

    /// <summary>Many of them at once, by rows: the use cases would take minutes.</summary>
    public static Task<List<DirectoryUser>> NewUsersAsync(this ManagementHost host, OrganizationDirectory directory, int count, CancellationToken ct) => host.ReadAsync(directory.OrganizationId, async db =>
    {
        var (now, stem, rows) = (TimeProvider.System.GetUtcNow(), ManagementHost.Unique("many"), new List<DirectoryUser>());
        for (var i = 0; i < count; i++)
        {
            var user = User.Create(PersonName.None, now, directory.OrganizationId);
            var membership = Membership.Join(directory.OrganizationId, user.Id, now);
            var row = DirectoryUser.Create(directory, membership, new DirectoryUserFacts { UserName = $"{stem}-{i}", Document = "{}" }, now);
            db.AddRange(user, membership, row);
            rows.Add(row);
        }

        await db.SaveChangesAsync(ct);
        return rows;
    });

    public static async Task<DirectoryGroup> PushAsync(this ManagementHost host, OrganizationDirectory directory, CancellationToken ct, IEnumerable<DirectoryUser>? members = null, string? externalId = null)
    {
        var made = await host.TryPushAsync(directory, new GroupFacts(ManagementHost.Unique("Group"), externalId), [.. (members ?? []).Select(m => m.Id.ToString())], ct);
        return made.IsOk ? made.Value : throw new InvalidOperationException(made.Error.ToString());
    }

    public static Task<Result<DirectoryGroup>> TryPushAsync(this ManagementHost host, OrganizationDirectory directory, GroupFacts facts, IReadOnlyCollection<string> members, CancellationToken ct) =>
        host.UseAsync<DirectoryGroupService, Result<DirectoryGroup>>(directory.OrganizationId, s => s.CreateAsync(directory, facts, members, ct));

    public static Task<Result<DirectoryGroup>> ChangeAsync(this ManagementHost host, OrganizationDirectory directory, DirectoryGroup group, MemberChanges changes, CancellationToken ct) =>
        host.UseAsync<DirectoryGroupService, Result<DirectoryGroup>>(
            directory.OrganizationId, s => s.ChangeAsync(directory, group.Id, g => new GroupEdit(new GroupFacts(g.DisplayName, g.ExternalId), changes), ct));

    public static async Task AddAsync(this ManagementHost host, OrganizationDirectory directory, DirectoryGroup group, CancellationToken ct, params DirectoryUser[] users)
    {
        var changed = await host.ChangeAsync(directory, group, new MemberChanges(false, [.. users.Select(u => u.Id.ToString())], []), ct);
        Assert.True(changed.IsOk, changed.Error?.ToString());
    }

    public static async Task RemoveAsync(this ManagementHost host, OrganizationDirectory directory, DirectoryGroup group, CancellationToken ct, params DirectoryUser[] users)
    {
        var changed = await host.ChangeAsync(directory, group, new MemberChanges(false, [], [.. users.Select(u => u.Id.ToString())]), ct);
        Assert.True(changed.IsOk, changed.Error?.ToString());
    }

    public static async Task DeleteAsync(this ManagementHost host, OrganizationDirectory directory, DirectoryGroup group, CancellationToken ct)
    {
        var deleted = await host.UseAsync<DirectoryGroupService, Result>(directory.OrganizationId, s => s.DeleteAsync(directory, group.Id, _ => Result.Ok, ct));
        Assert.True(deleted.IsOk, deleted.Error?.ToString());
    }

    public static Task<Result<GroupMappingView>> TryMapAsync(
        this ManagementHost host, OrganizationDirectory directory, DirectoryGroup group, string role, CancellationToken ct, Id<Workspace>? workspace = null, Granter? granter = null) =>
        host.UseAsync<GroupMappingService, Result<GroupMappingView>>(
            directory.OrganizationId, s => s.CreateAsync(directory.OrganizationId, directory.Id, new NewGroupMapping(group.Id, role, workspace), granter ?? Granter.Instance, ct));

    public static async Task<GroupMapping> MapAsync(this ManagementHost host, OrganizationDirectory directory, DirectoryGroup group, string role, CancellationToken ct, Id<Workspace>? workspace = null)
    {
        var made = await host.TryMapAsync(directory, group, role, ct, workspace);
        return made.IsOk ? made.Value.Mapping : throw new InvalidOperationException(made.Error.ToString());
    }

    public static async Task<Role> NewRoleAsync(this ManagementHost host, Id<Organization> organization, CancellationToken ct, params string[] permissions) =>
        (await host.UseAsync<RoleService, Result<Role>>(organization, s => s.CreateAsync(organization, new NewRole(ManagementHost.Unique("r"), "Role", permissions), Granter.Instance, ct))).Value!; // valid input

    public static async Task<Workspace> NewWorkspaceAsync(this ManagementHost host, Id<Organization> organization, CancellationToken ct) =>
        (await host.UseAsync<WorkspaceService, Result<Workspace>>(organization, s => s.CreateAsync(organization, new NewWorkspace(ManagementHost.Unique("Workspace"), null), ct))).Value!; // valid input

    public static Task<List<HeldFrom>> RolesOfAsync(this ManagementHost host, DirectoryUser user, CancellationToken ct) => host.ReadAsync(user.OrganizationId, async db => await (
        from h in db.MembershipRoles
        where h.MembershipId == user.MembershipId
        join r in db.Roles on h.RoleId equals r.Id
        orderby r.Key, h.Source
        select new HeldFrom(r.Key, h.Source)).ToListAsync(ct));

    /// <summary>Null: not in the workspace.</summary>
    public static Task<List<HeldFrom>?> RolesInAsync(this ManagementHost host, DirectoryUser user, Workspace workspace, CancellationToken ct) => host.ReadAsync(user.OrganizationId, async db =>
        !await db.WorkspaceMembers.AnyAsync(m => m.WorkspaceId == workspace.Id && m.MembershipId == user.MembershipId, ct) ? null : await (
            from h in db.WorkspaceRoles
            where h.WorkspaceId == workspace.Id && h.MembershipId == user.MembershipId
            join r in db.Roles on h.RoleId equals r.Id
            orderby r.Key, h.Source
            select new HeldFrom(r.Key, h.Source)).ToListAsync(ct));

    public static Task<HashSet<Id<DirectoryUser>>> MembersOfAsync(this ManagementHost host, DirectoryGroup group, CancellationToken ct) => host.ReadAsync(group.OrganizationId, async db =>
        (await db.DirectoryGroupMembers.Where(m => m.GroupId == group.Id).Select(m => m.DirectoryUserId).ToListAsync(ct)).ToHashSet());

    public static Task<List<string>> EventsOfAsync(this ManagementHost host, Id<Organization> organization, string type, CancellationToken ct) =>
        host.ReadAsync(organization, db => db.Events.Where(e => e.OrganizationId == organization && e.Type == type).OrderBy(e => e.Id).Select(e => e.Data).ToListAsync(ct));
}
