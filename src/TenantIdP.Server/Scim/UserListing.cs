using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Lists;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Server.Scim;

/// <summary>Lists of users.</summary>
internal sealed class UserListing(ScimRequest scim, ScimWalks walks, DirectoryUserList users, IDirectoryGroups groups) : ScimListing<DirectoryUser, DirectoryUserMatch>(scim, walks)
{
    protected override DirectoryUserMatch All => DirectoryUserMatch.Everybody;

    protected override Indexed<DirectoryUserMatch> Translate(ScimFilter filter) => UserFilter.Translate(filter);

    protected override bool CanOrder(SortOrder sort) => ReferenceEquals(sort.By.Leaf, UserSchema.UserName);

    protected override string IdOf(DirectoryUser row) => row.Id.ToString();

    protected override Task<int> CountAsync(DirectoryUserMatch match, CancellationToken ct) => users.CountAsync(Scim.Directory, match, ct);

    protected override async Task<IReadOnlyList<DirectoryUser>> AfterAsync(DirectoryUserMatch match, string? after, int take, CancellationToken ct)
    {
        // A cursor that a client has made up finds nothing.
        if (after is not null && !Id<DirectoryUser>.TryParse(after, out _)) return [];
        return await users.AfterAsync(Scim.Directory, match, after is null ? null : Id<DirectoryUser>.Parse(after, null), take, ct);
    }

    protected override async Task<IReadOnlyList<DirectoryUser>> SliceAsync(DirectoryUserMatch match, SortOrder? sort, int skip, int take, CancellationToken ct) => sort is null
        ? await users.SliceAsync(Scim.Directory, match, skip, take, ct)
        : await users.SliceByNameAsync(Scim.Directory, match, sort.Descending, skip, take, ct);

    protected override async Task<IReadOnlyList<DirectoryUser>> OfAsync(IReadOnlyCollection<string> ids, CancellationToken ct) =>
        await users.OfAsync(Scim.Directory, [.. ids.Select(id => Id<DirectoryUser>.Parse(id, null))], ct);

    protected override Task<IReadOnlyList<ComplexValue>> CandidatesAsync(IReadOnlyList<DirectoryUser> rows, ScimFilter? filter, SortOrder? sort, CancellationToken ct) =>
        ResourcesAsync(rows, (filter is not null && FilterMentions.Of(filter, UserSchema.Groups)) || ReferenceEquals(sort?.By.Attribute, UserSchema.Groups), ct);

    protected override Task<IReadOnlyList<ComplexValue>> ShownAsync(IReadOnlyList<DirectoryUser> rows, ListQuery query, CancellationToken ct) =>
        ResourcesAsync(rows, query.Projection.Includes(UserSchema.Groups), ct);

    public async Task<IReadOnlyList<ComplexValue>> ResourcesAsync(IReadOnlyList<DirectoryUser> rows, bool withGroups, CancellationToken ct)
    {
        var found = withGroups && rows.Count > 0 ? await groups.OfUsersAsync(Scim.Directory, [.. rows.Select(r => r.Id)], ct) : [];
        var known = found.ToLookup(g => g.User);
        return [.. rows.Select(row => UserMap.Resource(row, Scim, known[row.Id]))];
    }
}
