using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Directories;

internal static class DirectoryQueries
{
    public static Task<bool> HasDirectoryAsync(this IdpDbContext db, Id<Organization> organization, Id<OrganizationDirectory> directory, CancellationToken ct) =>
        db.Directories.AnyAsync(d => d.OrganizationId == organization && d.Id == directory, ct);

    /// <summary>
    /// Whether a directory has deleted the person since their membership ended, or by that, and has not taken them back (FEATURES.md row 30): then an invitation does not bring them back,
    /// whenever it was made.
    /// </summary>
    public static Task<bool> IsDeletedByDirectoryAsync(this IdpDbContext db, Membership ended, CancellationToken ct)
    {
        var (organization, id, since) = (ended.OrganizationId, ended.Id, ended.EndedAt);
        return db.DirectoryUsers.AnyAsync(u => u.OrganizationId == organization && u.MembershipId == id && u.DeletedAt != null && u.DeletedAt >= since, ct);
    }

    /// <summary>How many are in each of these groups; one that is empty is missing.</summary>
    public static Task<Dictionary<Id<DirectoryGroup>, int>> GroupSizesAsync(this IdpDbContext db, Id<Organization> organization, IReadOnlyCollection<Id<DirectoryGroup>> groups, CancellationToken ct) =>
        db.DirectoryGroupMembers.Where(m => m.OrganizationId == organization && groups.Contains(m.GroupId))
            .GroupBy(m => m.GroupId).Select(g => new { g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Count, ct);
}
