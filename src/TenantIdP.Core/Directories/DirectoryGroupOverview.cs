using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Directories;

/// <summary>A group with the number of its members and the roles that it gives.</summary>
public sealed record DirectoryGroupView(DirectoryGroup Group, int Members, IReadOnlyList<GroupMappingView> Mappings);

/// <summary>Who is in a group, and who that is in the organization.</summary>
public sealed record DirectoryGroupMemberView(Id<DirectoryUser> Id, string UserName, string? DisplayName, bool Active, Id<Membership> MemberId);

/// <summary>The groups of a directory as the organization's admins see them: with the roles that they give. A page takes the same statements whatever is on it.</summary>
public sealed class DirectoryGroupOverview(IdpDbContext db)
{
    public async Task<Result<Page<DirectoryGroupView>>> ListAsync(Id<Organization> organization, Id<OrganizationDirectory> directory, PageRequest page, CancellationToken ct)
    {
        if (!await db.HasDirectoryAsync(organization, directory, ct)) return DirectoryErrors.NotFound;
        var found = await Of(organization, directory).PageAsync(page, g => g.Id, ct);
        return found.IsOk ? new Page<DirectoryGroupView>(await DescribeAsync(organization, found.Value.Items, ct), found.Value.Next) : found.Error;
    }

    public async Task<Result<DirectoryGroupView>> FindAsync(Id<Organization> organization, Id<OrganizationDirectory> directory, Id<DirectoryGroup> id, CancellationToken ct)
    {
        if (!await db.HasDirectoryAsync(organization, directory, ct)) return DirectoryErrors.NotFound;
        var group = await Of(organization, directory).SingleOrDefaultAsync(g => g.Id == id, ct);
        return group is null ? GroupErrors.NotFound : (await DescribeAsync(organization, [group], ct))[0];
    }

    public async Task<Result<Page<DirectoryGroupMemberView>>> MembersAsync(Id<Organization> organization, Id<OrganizationDirectory> directory, Id<DirectoryGroup> id, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<DirectoryUser>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        if (!await db.HasDirectoryAsync(organization, directory, ct)) return DirectoryErrors.NotFound;
        if (!await Of(organization, directory).AnyAsync(g => g.Id == id, ct)) return GroupErrors.NotFound;
        var rows = db.DirectoryGroupMembers.Where(m => m.OrganizationId == organization && m.GroupId == id);
        if (after is { } last) rows = rows.Where(m => m.DirectoryUserId > last);
        var members = from m in rows
                      join u in db.DirectoryUsers on new { m.OrganizationId, Id = m.DirectoryUserId } equals new { u.OrganizationId, u.Id }
                      orderby m.DirectoryUserId
                      select new DirectoryGroupMemberView(u.Id, u.UserName, u.DisplayName, u.Active, u.MembershipId);
        return await members.AsNoTracking().TakePageAsync(page, m => m.Id.ToString(), ct);
    }

    private IQueryable<DirectoryGroup> Of(Id<Organization> organization, Id<OrganizationDirectory> directory) =>
        db.DirectoryGroups.AsNoTracking().Where(g => g.OrganizationId == organization && g.DirectoryId == directory);

    private async Task<List<DirectoryGroupView>> DescribeAsync(Id<Organization> organization, IReadOnlyList<DirectoryGroup> groups, CancellationToken ct)
    {
        var ids = groups.Select(g => g.Id).ToArray();
        var counts = await db.GroupSizesAsync(organization, ids, ct);
        var given = await (
            from m in db.GroupMappings
            where m.OrganizationId == organization && m.GroupId != null && ids.Contains(m.GroupId.Value)
            join r in db.Roles on new { A = m.RoleOrganizationId, B = m.RoleId } equals new { A = r.OrganizationId, B = r.Id }
            orderby m.Id
            select new { Mapping = m, r.Key }).AsNoTracking().ToListAsync(ct);
        return
        [
            .. groups.Select(g => new DirectoryGroupView(
                g, counts.GetValueOrDefault(g.Id), [.. given.Where(m => m.Mapping.GroupId == g.Id).Select(m => new GroupMappingView(m.Mapping, g.DisplayName, m.Key))])),
        ];
    }
}
