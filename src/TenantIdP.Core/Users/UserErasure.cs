using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Members;
using TenantIdP.Core.Sessions;

namespace TenantIdP.Core.Users;

/// <summary>
/// Removes everything that is held about a person, under the ids that were merged into theirs, too; the ids stay as tombstones, so that events keep their meaning. Crosses
/// organizations: the memberships of the person, each in its own organization's scope and under its lock, and the personal rows of events about them.
/// </summary>
public sealed class UserErasure(IdpDbContext db, EventLog events, EventErasure erasure, SessionService sessions, TimeProvider clock)
{
    /// <summary>
    /// Refused while an organization would be left without an owner: who it passes to is a person's decision, made before. Of somebody who was erased already, what is left is
    /// erased.
    /// </summary>
    /// <param name="confirm">The id again.</param>
    public Task<Result<User>> EraseAsync(Id<User> id, Id<User> confirm, CancellationToken ct) =>
        db.AttemptAsync<User>(
            async () =>
            {
                if (id != confirm) return UserErrors.EraseNotConfirmed;
                var locked = await db.LockWithOrganizationsAsync([id], ct);
                if (!locked.IsOk) return locked.Error;
                foreach (var organization in await db.OwnedByAsync(id, ct))
                {
                    if (!await db.HasAnotherOwnerAsync(organization, id, ct)) return MemberErrors.LastOwner;
                }

                var user = await db.Users.Include(u => u.Emails).SingleAsync(u => u.Id == id, ct);
                if (user.Status == UserStatus.Merged) return UserErrors.Ended;
                var all = await db.WithMergedAsync(id, ct);

                // In the order in which a sign-in writes these rows, so that neither waits for the other. Once the identities are gone, a sign-in that was under way has finished,
                // or has nothing to prove: what it added is deleted after that.
                await db.PasswordAttempts.Where(a => a.UserId == id).ExecuteDeleteAsync(ct);
                await db.MailedCodes.Where(c => c.UserId == id).ExecuteDeleteAsync(ct);
                await db.LocalCredentials.Where(c => c.UserId == id).ExecuteDeleteAsync(ct);
                await db.AppConsents.Where(c => c.UserId == id).ExecuteDeleteAsync(ct);
                await LeaveAsync(id, ct);
                await db.JoinRequests.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(r => r.UserId == id).ExecuteDeleteAsync(ct);
                await sessions.EndAllAsync(id, ct);
                var addresses = user.Emails.Where(e => e.VerifiedAt != null).Select(e => e.Normalized).ToArray();
                user.Erase(clock.GetUtcNow());
                await db.SaveChangesAsync(ct);
                await db.UserIdentities.Where(i => i.UserId == id).ExecuteDeleteAsync(ct);
                await sessions.EndAllAsync(id, ct);
                await ForgetInvitationsAsync(all, addresses, ct);
                await db.Sessions.Where(s => all.Contains(s.UserId)).ExecuteDeleteAsync(ct);
                if (await db.HasMembershipsAsync(id, ct)) return VersionErrors.ChangedMeanwhile;
                await erasure.EraseUsersAsync(all, ct);
                events.RecordForInstance(EventTypes.UserErased, id.ToString());
                await db.SaveChangesAsync(ct);
                return user;
            }, ct);

    /// <summary>What was offered to them, or taken up by them, names their address; so does the event of it.</summary>
    private async Task ForgetInvitationsAsync(IReadOnlyList<Id<User>> all, string[] addresses, CancellationToken ct)
    {
        var theirs = db.Invitations.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(i => addresses.Contains(i.Normalized) || (i.AcceptedBy != null && all.Contains(i.AcceptedBy.Value)));
        var targets = (await theirs.Select(i => i.Id).ToListAsync(ct)).Select(i => i.ToString()).ToArray();
        if (targets.Length == 0) return;
        await db.PersonalEventData.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            .Where(p => p.UserId == null && db.Events.Any(e => e.OrganizationId == p.OrganizationId && e.Id == p.EventId && targets.Contains(e.TargetId))).ExecuteDeleteAsync(ct);
        await theirs.ExecuteDeleteAsync(ct);
    }

    private async Task LeaveAsync(Id<User> id, CancellationToken ct)
    {
        var memberships = await db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Include(m => m.Roles).Where(m => m.UserId == id).ToListAsync(ct);
        foreach (var membership in memberships)
        {
            db.EnterOrganization(membership.OrganizationId);
            await db.RevokeKeysAsync(events, membership.OrganizationId, id, ct);
            db.Memberships.Remove(membership);
            if (membership.Status != MembershipStatus.Removed) events.Record(EventTypes.MemberRemoved, membership.OrganizationId, membership.Id.ToString(), new { userId = id, by = "erasure" });
            await db.SaveChangesAsync(ct);
        }
    }
}
