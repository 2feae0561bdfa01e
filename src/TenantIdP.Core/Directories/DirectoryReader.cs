using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Directories;

/// <summary>Who is let in to a directory, and by what.</summary>
/// <param name="Organization">Of the directory: whether it lets anybody in is the caller's to ask.</param>
/// <param name="Token">Null for an app's access token.</param>
public sealed record DirectoryAdmission(OrganizationDirectory Directory, OrganizationStatus Organization, Id<DirectoryToken>? Token, DateTimeOffset? TokenUsedAt);

/// <summary>Finds the directory behind a bearer token, in one statement with every request. Knows no tenant before it has found it.</summary>
public sealed class DirectoryReader(IdpDbContext db, TimeProvider clock)
{
    /// <summary>How exactly the last use is known: a write with every request would cost more than the request.</summary>
    public static readonly TimeSpan UseKnownTo = TimeSpan.FromMinutes(1);

    /// <summary>
    /// By the public part of the token and the hash of the whole: a wrong secret of a token that there is finds as little as one of none, after the same work (SECURITY.md E6). How long the
    /// store compares hashes tells nothing: what they are of can't be chosen to be alike in its beginning.
    /// </summary>
    /// <returns>Null for whatever is no token, or one that has ended.</returns>
    public async Task<DirectoryAdmission?> FindAsync(string presented, CancellationToken ct)
    {
        if (!DirectorySecret.TryRead(presented, out var id)) return null;
        var hash = MachineSecret.Hash(presented);
        var row = await (
            from t in db.DirectoryTokens.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where t.Id == id && t.Hash == hash
            join d in db.Directories on new { t.OrganizationId, Id = t.DirectoryId } equals new { d.OrganizationId, d.Id }
            join o in db.Organizations on t.OrganizationId equals o.Id
            select new { t.ExpiresAt, t.LastUsedAt, Directory = d, o.Status }).AsNoTracking().SingleOrDefaultAsync(ct);
        if (row is null || row.ExpiresAt <= clock.GetUtcNow()) return null;
        return new DirectoryAdmission(row.Directory, row.Status, id, row.LastUsedAt);
    }

    /// <summary>For an app that asks with an access token of its own for one organization: its grant there is read now.</summary>
    /// <returns>The refusal when the organization has not granted it <see cref="Permission.DirectoriesSync"/>; not found when there is no such directory there.</returns>
    public async Task<Result<DirectoryAdmission>> FindAsync(Id<App> app, Id<Organization> organization, Id<OrganizationDirectory> id, CancellationToken ct)
    {
        var granted = await db.AppGrants.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking()
            .Where(g => g.OrganizationId == organization && g.AppId == app).Select(g => g.Permissions).SingleOrDefaultAsync(ct);
        if (granted is null) return DirectoryErrors.NotFound;
        var row = await (
            from d in db.Directories.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where d.OrganizationId == organization && d.Id == id
            join o in db.Organizations on d.OrganizationId equals o.Id
            select new { Directory = d, o.Status }).AsNoTracking().SingleOrDefaultAsync(ct);
        if (row is null) return DirectoryErrors.NotFound;
        return granted.Contains(Permission.DirectoriesSync) ? new DirectoryAdmission(row.Directory, row.Status, null, null) : DirectoryErrors.SyncNotGranted;
    }

    /// <summary>Notes the use, once a minute.</summary>
    public async Task UsedAsync(DirectoryAdmission admitted, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var before = now - UseKnownTo;
        var (organization, id) = (admitted.Directory.OrganizationId, admitted.Directory.Id);
        try
        {
            if (admitted.Token is { } token && !(admitted.TokenUsedAt > before))
            {
                await db.DirectoryTokens.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
                    .Where(t => t.OrganizationId == organization && t.Id == token && (t.LastUsedAt == null || t.LastUsedAt <= before))
                    .ExecuteUpdateAsync(set => set.SetProperty(t => t.LastUsedAt, now), ct);
            }

            if (admitted.Directory.LastSeenAt > before) return;
            await db.Directories.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
                .Where(d => d.OrganizationId == organization && d.Id == id && (d.LastSeenAt == null || d.LastSeenAt <= before))
                .ExecuteUpdateAsync(set => set.SetProperty(d => d.LastSeenAt, now), ct);
        }
        catch (DbException)
        {
            // No room for it, or the database went away between two statements. It was only noted: the request says itself what it can't do.
        }
    }
}
