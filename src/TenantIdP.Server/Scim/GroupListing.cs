using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Lists;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Server.Scim;

/// <summary>Lists of groups. Members are read only for what is shown, and to judge a filter only those that it names.</summary>
internal sealed class GroupListing(ScimRequest scim, ScimWalks walks, DirectoryGroupList groups) : ScimListing<DirectoryGroup, DirectoryGroupMatch>(scim, walks)
{
    /// <summary>Of all groups in one answer together, which is made in memory; a single larger group is shown all the same.</summary>
    private const int MostMembers = 100_000;

    // Nobody can ask for it: a filter's text has no NUL.
    private static readonly ScimValue Somebody = new ComplexValue().Set(GroupSchema.MemberValue, "\0");

    protected override DirectoryGroupMatch All => DirectoryGroupMatch.Everything;

    protected override Indexed<DirectoryGroupMatch> Translate(ScimFilter filter) => GroupFilter.Translate(filter);

    protected override bool CanOrder(SortOrder sort) => ReferenceEquals(sort.By.Leaf, GroupSchema.DisplayName);

    protected override string IdOf(DirectoryGroup row) => row.Id.ToString();

    protected override Task<int> CountAsync(DirectoryGroupMatch match, CancellationToken ct) => groups.CountAsync(Scim.Directory, match, ct);

    protected override async Task<IReadOnlyList<DirectoryGroup>> AfterAsync(DirectoryGroupMatch match, string? after, int take, CancellationToken ct)
    {
        // A cursor that a client has made up finds nothing.
        if (after is not null && !Id<DirectoryGroup>.TryParse(after, out _)) return [];
        return await groups.AfterAsync(Scim.Directory, match, after is null ? null : Id<DirectoryGroup>.Parse(after, null), take, ct);
    }

    protected override async Task<IReadOnlyList<DirectoryGroup>> SliceAsync(DirectoryGroupMatch match, SortOrder? sort, int skip, int take, CancellationToken ct) => sort is null
        ? await groups.SliceAsync(Scim.Directory, match, skip, take, ct)
        : await groups.SliceByNameAsync(Scim.Directory, match, sort.Descending, skip, take, ct);

    protected override async Task<IReadOnlyList<DirectoryGroup>> OfAsync(IReadOnlyCollection<string> ids, CancellationToken ct) =>
        await groups.OfAsync(Scim.Directory, [.. ids.Select(id => Id<DirectoryGroup>.Parse(id, null))], ct);

    protected override async Task<IReadOnlyList<ComplexValue>> CandidatesAsync(IReadOnlyList<DirectoryGroup> rows, ScimFilter? filter, SortOrder? sort, CancellationToken ct)
    {
        var asked = filter is null ? null : MembersAsked.Of(filter);
        var users = asked is null ? [] : asked.Values.Select(v => Id<DirectoryUser>.TryParse(v, out var id) ? id : (Id<DirectoryUser>?)null).OfType<Id<DirectoryUser>>().ToList();
        Id<DirectoryGroup>[] ids = [.. rows.Select(r => r.Id)];
        var found = users.Count == 0 ? [] : await groups.AmongAsync(Scim.Directory, ids, users, ct);
        var sizes = asked is { AsksForAny: true } ? await groups.SizesAsync(Scim.Directory, ids, ct) : [];
        var members = found.ToLookup(m => m.Group, m => GroupMap.Member(m, Scim));
        return [.. rows.Select(row => GroupMap.Resource(row, Scim, sizes.ContainsKey(row.Id) ? members[row.Id].Append(Somebody) : members[row.Id]))];
    }

    protected override Task<IReadOnlyList<ComplexValue>> ShownAsync(IReadOnlyList<DirectoryGroup> rows, ListQuery query, CancellationToken ct) =>
        ResourcesAsync(rows, query.Projection.Includes(GroupSchema.Members), ct);

    protected override async Task<int> FittingAsync(IReadOnlyList<DirectoryGroup> rows, ListQuery query, CancellationToken ct)
    {
        if (rows.Count < 2 || !query.Projection.Includes(GroupSchema.Members)) return rows.Count;
        var (sizes, all, fitting) = (await groups.SizesAsync(Scim.Directory, [.. rows.Select(r => r.Id)], ct), 0L, 0);
        while (fitting < rows.Count && ((all += sizes.GetValueOrDefault(rows[fitting].Id)) <= MostMembers || fitting == 0)) fitting++;
        return fitting;
    }

    public async Task<IReadOnlyList<ComplexValue>> ResourcesAsync(IReadOnlyList<DirectoryGroup> rows, bool withMembers, CancellationToken ct)
    {
        var found = withMembers && rows.Count > 0 ? await groups.MembersAsync(Scim.Directory, [.. rows.Select(r => r.Id)], ct) : [];
        var members = found.ToLookup(m => m.Group);
        return [.. rows.Select(row => GroupMap.Resource(row, Scim, members[row.Id].Select(m => GroupMap.Member(m, Scim))))];
    }
}
