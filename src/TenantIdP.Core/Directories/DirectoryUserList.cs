using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Directories;

/// <summary>What the store can find by an index; each null or empty part lets everybody through. All parts hold together.</summary>
public sealed record DirectoryUserMatch
{
    public static DirectoryUserMatch Everybody { get; } = new();

    public Id<DirectoryUser>? Id { get; init; }
    public string? UserName { get; init; }
    public string? ExternalId { get; init; }

    /// <summary>One of the user's addresses is this one, for each of these; of at most <see cref="DirectoryUserFacts.MaxEmailLength"/> characters.</summary>
    public IReadOnlyList<string> Emails { get; init; } = [];

    /// <summary>The user is in these groups; ids as they were sent.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];
}

/// <summary>Reads the users of a directory, whose organization was entered: none that was deleted, and in pages that the caller bounds.</summary>
public sealed class DirectoryUserList(IdpDbContext db, IDirectoryGroups groups)
{
    public Task<DirectoryUser?> FindAsync(OrganizationDirectory directory, Id<DirectoryUser> id, CancellationToken ct) => Live(directory, new DirectoryUserMatch { Id = id }).SingleOrDefaultAsync(ct);

    public Task<int> CountAsync(OrganizationDirectory directory, DirectoryUserMatch match, CancellationToken ct) => Live(directory, match).CountAsync(ct);

    /// <summary>The next ones in the order of their ids.</summary>
    public Task<List<DirectoryUser>> AfterAsync(OrganizationDirectory directory, DirectoryUserMatch match, Id<DirectoryUser>? after, int take, CancellationToken ct)
    {
        var users = Live(directory, match);
        if (after is { } id) users = users.Where(u => u.Id > id);
        return users.OrderBy(u => u.Id).Take(take).ToListAsync(ct);
    }

    /// <summary>A part of the list in the order of ids.</summary>
    public Task<List<DirectoryUser>> SliceAsync(OrganizationDirectory directory, DirectoryUserMatch match, int skip, int take, CancellationToken ct) =>
        Live(directory, match).OrderBy(u => u.Id).Skip(skip).Take(take).ToListAsync(ct);

    /// <summary>A part of the list in the order of user names, whatever the case.</summary>
    public Task<List<DirectoryUser>> SliceByNameAsync(OrganizationDirectory directory, DirectoryUserMatch match, bool descending, int skip, int take, CancellationToken ct)
    {
        var users = Live(directory, match);
        return (descending ? users.OrderByDescending(u => u.UserNameKey) : users.OrderBy(u => u.UserNameKey)).Skip(skip).Take(take).ToListAsync(ct);
    }

    /// <summary>In no order.</summary>
    public Task<List<DirectoryUser>> OfAsync(OrganizationDirectory directory, IReadOnlyCollection<Id<DirectoryUser>> ids, CancellationToken ct) =>
        Live(directory, DirectoryUserMatch.Everybody).Where(u => ids.Contains(u.Id)).ToListAsync(ct);

    private IQueryable<DirectoryUser> Live(OrganizationDirectory directory, DirectoryUserMatch match)
    {
        var users = db.DirectoryUsers.AsNoTracking().Where(u => u.OrganizationId == directory.OrganizationId && u.DirectoryId == directory.Id && u.DeletedAt == null);
        if (match.Id is { } id) users = users.Where(u => u.Id == id);
        if (match.UserName is { } userName)
        {
            var key = DirectoryKey.Of(userName);
            users = users.Where(u => u.UserNameKey == key);
        }

        if (match.ExternalId is { } externalId) users = users.Where(u => u.ExternalId == externalId);
        foreach (var email in match.Emails)
        {
            var key = DirectoryKey.Of(email);
            var having = db.DirectoryUserEmails.Where(e => e.OrganizationId == directory.OrganizationId && e.ValueKey == key).Select(e => e.DirectoryUserId);
            users = users.Where(u => having.Contains(u.Id));
        }

        foreach (var group in match.Groups)
        {
            var within = groups.UsersOf(directory, group);
            users = users.Where(u => within.Contains(u.Id));
        }

        return users;
    }
}
