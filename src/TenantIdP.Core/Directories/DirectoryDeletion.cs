using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Directories;

/// <summary>What the end of a directory means.</summary>
/// <param name="MembersLosingRoles">Members who lose a role that only the directory's groups gave. They stay members.</param>
public sealed record DirectoryImpact(int MembersLosingRoles);

/// <summary>
/// Ends directories: tokens, log and what was provisioned about users and groups go with them. Members stay as they are, without the roles that the directory gave: nobody loses
/// access by a mistaken click but what nobody would keep up to date any more.
/// </summary>
public sealed class DirectoryDeletion(IdpDbContext db, EventLog events, TimeProvider clock)
{
    public async Task<Result<DirectoryImpact>> ImpactAsync(Id<Organization> organization, Id<OrganizationDirectory> id, CancellationToken ct)
    {
        if (!await db.Directories.AnyAsync(d => d.OrganizationId == organization && d.Id == id, ct)) return DirectoryErrors.NotFound;
        return new DirectoryImpact(await MembersOf(organization, id).CountAsync(ct));
    }

    public Task<Result<DirectoryImpact>> DeleteAsync(Id<Organization> organization, Id<OrganizationDirectory> id, int? expectedVersion, CancellationToken ct) =>
        db.InTransactionAsync<DirectoryImpact>(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return OrganizationErrors.NotFound;
                if (await db.Directories.SingleOrDefaultAsync(d => d.OrganizationId == organization && d.Id == id, ct) is not { } directory) return DirectoryErrors.NotFound;
                var seen = VersionErrors.Check(directory, expectedVersion);
                if (!seen.IsOk) return seen.Error;
                var (now, own) = (clock.GetUtcNow(), OrganizationDirectory.SourcesOf(id));
                var members = await MembersOf(organization, id).ExecuteUpdateAsync(set => set.SetProperty(m => m.Version, m => m.Version + 1).SetProperty(m => m.UpdatedAt, now), ct);
                await db.WorkspaceMembers.Where(m => m.OrganizationId == organization && m.Roles.Any(r => r.Source == RoleSource.ScimGroup && EF.Functions.Like(r.SourceId, own, OrganizationDirectory.Escape)))
                    .ExecuteUpdateAsync(set => set.SetProperty(m => m.Version, m => m.Version + 1).SetProperty(m => m.UpdatedAt, now), ct);
                await db.MembershipRoles.Where(r => r.OrganizationId == organization && r.Source == RoleSource.ScimGroup && EF.Functions.Like(r.SourceId, own, OrganizationDirectory.Escape)).ExecuteDeleteAsync(ct);
                // Who was in a workspace by the directory alone is not in it any more.
                await db.WorkspaceMembers
                    .Where(m => m.OrganizationId == organization && m.Roles.Any(r => r.Source == RoleSource.ScimGroup && EF.Functions.Like(r.SourceId, own, OrganizationDirectory.Escape))
                        && m.Roles.All(r => r.Source == RoleSource.ScimGroup && EF.Functions.Like(r.SourceId, own, OrganizationDirectory.Escape)))
                    .ExecuteDeleteAsync(ct);
                await db.WorkspaceRoles.Where(r => r.OrganizationId == organization && r.Source == RoleSource.ScimGroup && EF.Functions.Like(r.SourceId, own, OrganizationDirectory.Escape)).ExecuteDeleteAsync(ct);
                // Who its members are called is anybody's to say again.
                await db.Memberships.Where(m => m.OrganizationId == organization && m.IsNameOfDirectory && db.DirectoryUsers.Any(u => u.OrganizationId == organization && u.DirectoryId == id && u.MembershipId == m.Id && u.DeletedAt == null))
                    .ExecuteUpdateAsync(set => set.SetProperty(m => m.IsNameOfDirectory, false), ct);
                db.Directories.Remove(directory);
                events.Record(EventTypes.DirectoryDeleted, organization, id.ToString(), new { directory.DisplayName, membersLosingRoles = members });
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? new DirectoryImpact(members) : saved.Error;
            }, ct);

    private IQueryable<Membership> MembersOf(Id<Organization> organization, Id<OrganizationDirectory> id)
    {
        var own = OrganizationDirectory.SourcesOf(id);
        return db.Memberships.Where(m => m.OrganizationId == organization && (m.Roles.Any(r => r.Source == RoleSource.ScimGroup && EF.Functions.Like(r.SourceId, own, OrganizationDirectory.Escape))
            || db.WorkspaceRoles.Any(r => r.OrganizationId == organization && r.MembershipId == m.Id && r.Source == RoleSource.ScimGroup && EF.Functions.Like(r.SourceId, own, OrganizationDirectory.Escape))));
    }
}
