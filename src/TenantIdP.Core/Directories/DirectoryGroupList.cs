using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Directories;

/// <summary>What the store can find by an index; each null or empty part lets everything through. All parts hold together.</summary>
public sealed record DirectoryGroupMatch
{
    public static DirectoryGroupMatch Everything { get; } = new();

    public Id<DirectoryGroup>? Id { get; init; }
    public string? DisplayName { get; init; }
    public string? ExternalId { get; init; }

    /// <summary>Each of these users is in it.</summary>
    public IReadOnlyList<Id<DirectoryUser>> Members { get; init; } = [];
}

/// <summary>One member of a group, with what a reference to them shows.</summary>
public sealed record GroupMemberName(Id<DirectoryGroup> Group, Id<DirectoryUser> User, string Display);

/// <summary>Reads the groups of a directory, whose organization was entered, in pages that the caller bounds; who is in them only when it is asked.</summary>
public sealed class DirectoryGroupList(IdpDbContext db) : IDirectoryGroups
{
    public Task<DirectoryGroup?> FindAsync(OrganizationDirectory directory, Id<DirectoryGroup> id, CancellationToken ct) => Of(directory, new DirectoryGroupMatch { Id = id }).SingleOrDefaultAsync(ct);

    public Task<int> CountAsync(OrganizationDirectory directory, DirectoryGroupMatch match, CancellationToken ct) => Of(directory, match).CountAsync(ct);

    /// <summary>The next ones in the order of their ids.</summary>
    public Task<List<DirectoryGroup>> AfterAsync(OrganizationDirectory directory, DirectoryGroupMatch match, Id<DirectoryGroup>? after, int take, CancellationToken ct)
    {
        var groups = Of(directory, match);
        if (after is { } id) groups = groups.Where(g => g.Id > id);
        return groups.OrderBy(g => g.Id).Take(take).ToListAsync(ct);
    }

    /// <summary>A part of the list in the order of ids.</summary>
    public Task<List<DirectoryGroup>> SliceAsync(OrganizationDirectory directory, DirectoryGroupMatch match, int skip, int take, CancellationToken ct) =>
        Of(directory, match).OrderBy(g => g.Id).Skip(skip).Take(take).ToListAsync(ct);

    /// <summary>A part of the list in the order of names, whatever the case.</summary>
    public Task<List<DirectoryGroup>> SliceByNameAsync(OrganizationDirectory directory, DirectoryGroupMatch match, bool descending, int skip, int take, CancellationToken ct)
    {
        var groups = Of(directory, match);
        return (descending ? groups.OrderByDescending(g => g.NameKey) : groups.OrderBy(g => g.NameKey)).Skip(skip).Take(take).ToListAsync(ct);
    }

    /// <summary>In no order.</summary>
    public Task<List<DirectoryGroup>> OfAsync(OrganizationDirectory directory, IReadOnlyCollection<Id<DirectoryGroup>> ids, CancellationToken ct) =>
        Of(directory, DirectoryGroupMatch.Everything).Where(g => ids.Contains(g.Id)).ToListAsync(ct);

    /// <summary>How many are in each of these groups; one that is empty is missing.</summary>
    public Task<Dictionary<Id<DirectoryGroup>, int>> SizesAsync(OrganizationDirectory directory, IReadOnlyCollection<Id<DirectoryGroup>> groups, CancellationToken ct) =>
        db.GroupSizesAsync(directory.OrganizationId, groups, ct);

    /// <summary>Everybody in these groups, in the order of their ids; the caller has asked for the sizes.</summary>
    public Task<List<GroupMemberName>> MembersAsync(OrganizationDirectory directory, IReadOnlyCollection<Id<DirectoryGroup>> groups, CancellationToken ct) =>
        Named(directory, db.DirectoryGroupMembers.Where(m => groups.Contains(m.GroupId))).ToListAsync(ct);

    /// <summary>Which of these users are in which of these groups.</summary>
    public Task<List<GroupMemberName>> AmongAsync(OrganizationDirectory directory, IReadOnlyCollection<Id<DirectoryGroup>> groups, IReadOnlyCollection<Id<DirectoryUser>> users, CancellationToken ct) =>
        Named(directory, db.DirectoryGroupMembers.Where(m => groups.Contains(m.GroupId) && users.Contains(m.DirectoryUserId))).ToListAsync(ct);

    /// <inheritdoc/>
    public IQueryable<Id<DirectoryUser>> UsersOf(OrganizationDirectory directory, string groupId)
    {
        var wanted = Id<DirectoryGroup>.TryParse(groupId, out var id) ? id : default; // no group has that
        return from m in db.DirectoryGroupMembers
               where m.OrganizationId == directory.OrganizationId && m.GroupId == wanted
               join g in db.DirectoryGroups on new { m.OrganizationId, Id = m.GroupId } equals new { g.OrganizationId, g.Id }
               where g.DirectoryId == directory.Id
               select m.DirectoryUserId;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DirectoryGroupOfUser>> OfUsersAsync(OrganizationDirectory directory, IReadOnlyCollection<Id<DirectoryUser>> users, CancellationToken ct)
    {
        var found = await (
            from m in db.DirectoryGroupMembers
            where m.OrganizationId == directory.OrganizationId && users.Contains(m.DirectoryUserId)
            join g in db.DirectoryGroups on new { m.OrganizationId, Id = m.GroupId } equals new { g.OrganizationId, g.Id }
            orderby m.DirectoryUserId, g.Id
            select new { m.DirectoryUserId, g.Id, g.DisplayName }).AsNoTracking().ToListAsync(ct);
        return found.ConvertAll(g => new DirectoryGroupOfUser(g.DirectoryUserId, g.Id.ToString(), g.DisplayName));
    }

    private IQueryable<GroupMemberName> Named(OrganizationDirectory directory, IQueryable<DirectoryGroupMember> members) => (
        from m in members
        where m.OrganizationId == directory.OrganizationId
        join u in db.DirectoryUsers on new { m.OrganizationId, Id = m.DirectoryUserId } equals new { u.OrganizationId, u.Id }
        where u.DirectoryId == directory.Id
        orderby m.GroupId, m.DirectoryUserId
        select new GroupMemberName(m.GroupId, m.DirectoryUserId, u.DisplayName ?? u.UserName)).AsNoTracking();

    private IQueryable<DirectoryGroup> Of(OrganizationDirectory directory, DirectoryGroupMatch match)
    {
        var groups = db.DirectoryGroups.AsNoTracking().Where(g => g.OrganizationId == directory.OrganizationId && g.DirectoryId == directory.Id);
        if (match.Id is { } id) groups = groups.Where(g => g.Id == id);
        if (match.DisplayName is { } name)
        {
            var key = DirectoryKey.Of(name);
            groups = groups.Where(g => g.NameKey == key);
        }

        if (match.ExternalId is { } externalId) groups = groups.Where(g => g.ExternalId == externalId);
        foreach (var user in match.Members)
        {
            var having = db.DirectoryGroupMembers.Where(m => m.OrganizationId == directory.OrganizationId && m.DirectoryUserId == user).Select(m => m.GroupId);
            groups = groups.Where(g => having.Contains(g.Id));
        }

        return groups;
    }
}
