using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Directories;

/// <summary>
/// Ends the memberships of users whom a directory deactivates or deletes, in the caller's transaction and tenant scope: their grants in this organization end with it, those in
/// others stay. The one exception to <see cref="OwnerGuard"/>: whoever has left the company must not keep the organization, so that even its last owner ends, and it is marked.
/// </summary>
public sealed class DirectoryLeavers(IdpDbContext db, EventLog events, IGrantRevoker grants, TimeProvider clock)
{
    /// <summary>Roles, workspaces and keys wait for them.</summary>
    internal async Task DeactivateAsync(OrganizationDirectory directory, DirectoryUser row, CancellationToken ct)
    {
        if (await StandingAsync(directory, row, ct) is not { } membership) return;
        row.NotePending(membership.Status == MembershipStatus.Pending);
        if (row.WasPending) await db.TakeBackInvitationsAsync(events, membership, clock.GetUtcNow(), ct);
        await NoteOwnerAsync(membership, ct);
        membership.Deactivate(clock.GetUtcNow());
        await EndAsync(directory, membership, EventTypes.MemberDeactivated, ct);
    }

    /// <summary>Of a membership that is being made: it begins as one that has ended, so that no sign-in finds it open (SECURITY.md E9).</summary>
    internal void BeginInactive(DirectoryUser row, Membership membership)
    {
        row.NotePending(membership.Status == MembershipStatus.Pending);
        membership.Deactivate(clock.GetUtcNow());
    }

    /// <summary>Removed, and remembered: no other way in brings them back.</summary>
    internal async Task RemoveAsync(OrganizationDirectory directory, DirectoryUser row, CancellationToken ct)
    {
        await db.LockAsync(directory.OrganizationId, ct);
        var membership = await db.Memberships.Include(m => m.Roles).SingleAsync(m => m.OrganizationId == directory.OrganizationId && m.Id == row.MembershipId, ct);
        await db.LeaveGroupsAsync(row, clock.GetUtcNow(), ct);
        if (membership.Status == MembershipStatus.Removed) return;
        if (membership.Status == MembershipStatus.Active) await NoteOwnerAsync(membership, ct);
        if (membership.Status != MembershipStatus.Deactivated) row.NotePending(membership.Status == MembershipStatus.Pending);
        if (membership.Status == MembershipStatus.Pending) await db.TakeBackInvitationsAsync(events, membership, clock.GetUtcNow(), ct);
        membership.Remove(clock.GetUtcNow());
        await db.LeaveWorkspacesAsync(membership, ct);
        await db.RevokeKeysAsync(events, directory.OrganizationId, membership.UserId, ct);
        await EndAsync(directory, membership, EventTypes.MemberRemoved, ct);
    }

    private async Task<Membership?> StandingAsync(OrganizationDirectory directory, DirectoryUser row, CancellationToken ct)
    {
        await db.LockAsync(directory.OrganizationId, ct);
        return await db.Memberships.Include(m => m.Roles)
            .SingleOrDefaultAsync(m => m.OrganizationId == directory.OrganizationId && m.Id == row.MembershipId && (m.Status == MembershipStatus.Active || m.Status == MembershipStatus.Pending), ct);
    }

    private async Task EndAsync(OrganizationDirectory directory, Membership membership, string type, CancellationToken ct)
    {
        events.Record(type, directory.OrganizationId, membership.Id.ToString(), new { userId = membership.UserId, by = "directory", directoryId = directory.Id });
        await grants.EndMembershipAsync(directory.OrganizationId, membership.UserId, ct);
    }

    private async Task NoteOwnerAsync(Membership membership, CancellationToken ct)
    {
        var organization = membership.OrganizationId;
        if (membership.Status != MembershipStatus.Active || !await db.HoldsOwnerAsync(membership, ct)) return;
        if (await db.HasAnotherOwnerAsync(organization, membership.UserId, ct)) return;
        (await db.Organizations.SingleAsync(o => o.Id == organization, ct)).MarkOwnerless(clock.GetUtcNow());
        events.Record(EventTypes.OrganizationOwnerless, organization, organization.ToString(), new { memberId = membership.Id, userId = membership.UserId });
    }
}
