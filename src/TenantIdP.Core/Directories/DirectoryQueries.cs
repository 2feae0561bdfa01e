using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Directories;

internal static class DirectoryQueries
{
    public static Task<bool> HasDirectoryAsync(this IdpDbContext db, Id<Organization> organization, Id<OrganizationDirectory> directory, CancellationToken ct) =>
        db.Directories.AnyAsync(d => d.OrganizationId == organization && d.Id == directory, ct);

    /// <summary>How many are in each of these groups; one that is empty is missing.</summary>
    public static Task<Dictionary<Id<DirectoryGroup>, int>> GroupSizesAsync(this IdpDbContext db, Id<Organization> organization, IReadOnlyCollection<Id<DirectoryGroup>> groups, CancellationToken ct) =>
        db.DirectoryGroupMembers.Where(m => m.OrganizationId == organization && groups.Contains(m.GroupId))
            .GroupBy(m => m.GroupId).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, ct);
}
