using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Workspaces;

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
        if (!await db.HasDirectoryAsync(organization, id, ct)) return DirectoryErrors.NotFound;
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
                var (now, workspaceRoles) = (clock.GetUtcNow(), WorkspaceRolesOf(organization, id));
                var members = await MembersOf(organization, id).ExecuteUpdateAsync(set => set.SetProperty(m => m.Version, m => m.Version + 1).SetProperty(m => m.UpdatedAt, now), ct);
                await RolesOf(organization, id).ExecuteDeleteAsync(ct);
                var inWorkspaces = db.WorkspaceMembers.Where(m => m.OrganizationId == organization && workspaceRoles.Any(r => r.WorkspaceId == m.WorkspaceId && r.MembershipId == m.MembershipId));
                await inWorkspaces.ExecuteUpdateAsync(set => set.SetProperty(m => m.Version, m => m.Version + 1).SetProperty(m => m.UpdatedAt, now), ct);
                // Who was in a workspace by the directory alone is not in it any more.
                await inWorkspaces.Where(m => m.Roles.Count == workspaceRoles.Count(r => r.WorkspaceId == m.WorkspaceId && r.MembershipId == m.MembershipId)).ExecuteDeleteAsync(ct);
                await workspaceRoles.ExecuteDeleteAsync(ct);
                // Who its members are called is anybody's to say again.
                await db.Memberships.Where(m => m.OrganizationId == organization && m.IsNameOfDirectory && db.DirectoryUsers.Any(u => u.OrganizationId == organization && u.DirectoryId == id && u.MembershipId == m.Id && u.DeletedAt == null))
                    .ExecuteUpdateAsync(set => set.SetProperty(m => m.IsNameOfDirectory, false), ct);
                await db.TakeBackInvitationsAsync(events, directory, now, ct);
                db.Directories.Remove(directory);
                events.Record(EventTypes.DirectoryDeleted, organization, id.ToString(), new { directory.DisplayName, membersLosingRoles = members });
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? new DirectoryImpact(members) : saved.Error;
            }, ct);

    private IQueryable<Membership> MembersOf(Id<Organization> organization, Id<OrganizationDirectory> id)
    {
        var (roles, workspaceRoles) = (RolesOf(organization, id), WorkspaceRolesOf(organization, id));
        return db.Memberships.Where(m => m.OrganizationId == organization && (roles.Any(r => r.MembershipId == m.Id) || workspaceRoles.Any(r => r.MembershipId == m.Id)));
    }

    private IQueryable<MembershipRole> RolesOf(Id<Organization> organization, Id<OrganizationDirectory> id)
    {
        var own = OrganizationDirectory.SourcesOf(id);
        return db.MembershipRoles.Where(r => r.OrganizationId == organization && r.Source == RoleSource.ScimGroup && EF.Functions.Like(r.SourceId, own, OrganizationDirectory.Escape));
    }

    private IQueryable<WorkspaceRole> WorkspaceRolesOf(Id<Organization> organization, Id<OrganizationDirectory> id)
    {
        var own = OrganizationDirectory.SourcesOf(id);
        return db.WorkspaceRoles.Where(r => r.OrganizationId == organization && r.Source == RoleSource.ScimGroup && EF.Functions.Like(r.SourceId, own, OrganizationDirectory.Escape));
    }
}
