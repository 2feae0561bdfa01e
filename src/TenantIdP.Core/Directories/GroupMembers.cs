using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Directories;

/// <summary>What a request does to who is in a group, without knowing it: values as they were sent. What is added is there afterwards, what is removed is not, whatever was before.</summary>
/// <param name="ReplacesAll">Only <paramref name="Added"/> are in it afterwards.</param>
public sealed record MemberChanges(bool ReplacesAll, IReadOnlyCollection<string> Added, IReadOnlyCollection<string> Removed)
{
    public static readonly MemberChanges None = new(false, [], []);

    public bool IsEmpty => !ReplacesAll && Added.Count == 0 && Removed.Count == 0;
}

/// <summary>
/// The rows of who is in a group, in the caller's transaction, scope and lock. What is not named by a change is not read, but for a replacement, which walks over the group in pages.
/// </summary>
internal sealed class GroupMembers(IdpDbContext db, DirectoryGroup group)
{
    /// <summary>How many rows are read or written by one statement.</summary>
    public const int Chunk = 1_000;

    private const int MostNamed = 100;

    private readonly record struct Wanted(Id<DirectoryUser> Id, string Value);

    private readonly List<Id<DirectoryUser>> named = [];

    public int Added { get; private set; }
    public int Removed { get; private set; }

    public bool AnyChanged => Added + Removed > 0;

    /// <summary>Who came or went while they are few, for the record.</summary>
    public IReadOnlyList<Id<DirectoryUser>>? Few => Added + Removed <= MostNamed ? named : null;

    /// <param name="changed">Told of each chunk of users after it was saved.</param>
    /// <returns>The error of the first value that is no live user of the directory: nothing of the transaction may be kept then.</returns>
    public async Task<Result> ApplyAsync(MemberChanges changes, Func<IReadOnlyList<Id<DirectoryUser>>, Task> changed, CancellationToken ct)
    {
        // What is no id stands for nobody, and is named in its turn.
        var wanted = changes.Added.Select(value => new Wanted(Id<DirectoryUser>.TryParse(value, out var id) ? id : default, value)).ToList();
        if (changes.ReplacesAll) wanted = await LeaveOnlyAsync(wanted, changed, ct);
        var removed = changes.Removed.Select(value => Id<DirectoryUser>.TryParse(value, out var id) ? id : (Id<DirectoryUser>?)null).OfType<Id<DirectoryUser>>();
        foreach (var some in removed.Chunk(Chunk)) await RemoveAsync(some, changed, ct);
        foreach (var some in wanted.Chunk(Chunk))
        {
            var added = await AddAsync(some, changed, ct);
            if (!added.IsOk) return added;
        }

        return Result.Ok;
    }

    /// <summary>Takes out everybody who is not wanted.</summary>
    /// <returns>Those of the wanted who are not in it yet.</returns>
    private async Task<List<Wanted>> LeaveOnlyAsync(List<Wanted> wanted, Func<IReadOnlyList<Id<DirectoryUser>>, Task> changed, CancellationToken ct)
    {
        var (missing, after) = (wanted.Select(w => w.Id).ToHashSet(), default(Id<DirectoryUser>));
        while (true)
        {
            var page = await Rows().Where(m => m.DirectoryUserId > after).OrderBy(m => m.DirectoryUserId).Select(m => m.DirectoryUserId).Take(Chunk).ToListAsync(ct);
            if (page.Count == 0) return [.. wanted.Where(w => missing.Contains(w.Id))];
            after = page[^1];
            var gone = page.Where(id => !missing.Remove(id)).ToArray();
            if (gone.Length > 0) await RemoveAsync(gone, changed, ct);
        }
    }

    private async Task RemoveAsync(Id<DirectoryUser>[] users, Func<IReadOnlyList<Id<DirectoryUser>>, Task> changed, CancellationToken ct)
    {
        var there = await Rows().Where(m => users.Contains(m.DirectoryUserId)).Select(m => m.DirectoryUserId).ToListAsync(ct);
        if (there.Count == 0) return;
        await Rows().Where(m => there.Contains(m.DirectoryUserId)).ExecuteDeleteAsync(ct);
        Removed += there.Count;
        Name(there);
        await changed(there);
    }

    private async Task<Result> AddAsync(Wanted[] wanted, Func<IReadOnlyList<Id<DirectoryUser>>, Task> changed, CancellationToken ct)
    {
        var (organization, directory, id) = (group.OrganizationId, group.DirectoryId, group.Id);
        var users = wanted.Select(w => w.Id).ToArray();
        var known = await db.DirectoryUsers.Where(u => u.OrganizationId == organization && u.DirectoryId == directory && u.DeletedAt == null && users.Contains(u.Id))
            .Select(u => new { u.Id, IsIn = db.DirectoryGroupMembers.Any(m => m.OrganizationId == organization && m.GroupId == id && m.DirectoryUserId == u.Id) })
            .ToDictionaryAsync(u => u.Id, u => u.IsIn, ct);
        foreach (var one in wanted)
        {
            if (!known.ContainsKey(one.Id)) return GroupErrors.MemberUnknown(one.Value);
        }

        var missing = users.Where(user => !known[user]).Distinct().ToList();
        if (missing.Count == 0) return Result.Ok;
        await InsertAsync(missing, ct);
        Added += missing.Count;
        Name(missing);
        await changed(missing);
        return Result.Ok;
    }

    /// <summary>
    /// One statement for a chunk, from the rows that there are of group and users, under the tenant filter as any query: SQLite takes ten times as long for one row after the other.
    /// </summary>
    private async Task InsertAsync(List<Id<DirectoryUser>> users, CancellationToken ct)
    {
        var (organization, id) = (group.OrganizationId, group.Id);
        var rows = from u in db.DirectoryUsers
                   where u.OrganizationId == organization && users.Contains(u.Id)
                   from g in db.DirectoryGroups
                   where g.OrganizationId == organization && g.Id == id
                   select new { u.OrganizationId, GroupId = g.Id, UserId = u.Id };
        await using var select = rows.CreateDbCommand();
        object[] parameters = [.. select.Parameters.Cast<DbParameter>()];
        select.Parameters.Clear(); // they are the other command's now
        var insert = "INSERT INTO directory_group_members (organization_id, group_id, directory_user_id) " + select.CommandText;
        await db.Database.ExecuteSqlRawAsync(insert, parameters, ct);
    }

    private void Name(List<Id<DirectoryUser>> users)
    {
        if (named.Count <= MostNamed) named.AddRange(users.Take(MostNamed + 1 - named.Count));
    }

    private IQueryable<DirectoryGroupMember> Rows()
    {
        var (organization, id) = (group.OrganizationId, group.Id);
        return db.DirectoryGroupMembers.Where(m => m.OrganizationId == organization && m.GroupId == id);
    }
}

internal static class GroupLeaving
{
    /// <summary>The directory has deleted a user, who is in no group any more. Their roles end with their membership; in the caller's transaction, scope and lock.</summary>
    public static async Task LeaveGroupsAsync(this IdpDbContext db, DirectoryUser user, DateTimeOffset now, CancellationToken ct)
    {
        var rows = db.DirectoryGroupMembers.Where(m => m.OrganizationId == user.OrganizationId && m.DirectoryUserId == user.Id);
        var left = await db.DirectoryGroups.Where(g => g.OrganizationId == user.OrganizationId && rows.Any(m => m.GroupId == g.Id))
            .ExecuteUpdateAsync(set => set.SetProperty(g => g.Version, g => g.Version + 1).SetProperty(g => g.UpdatedAt, now), ct);
        if (left > 0) await rows.ExecuteDeleteAsync(ct);
    }
}
