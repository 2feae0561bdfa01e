using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Directories;

/// <summary>
/// Members whom a directory has made for an address that it can't vouch for: they wait for whoever has that mailbox to say yes. The account that the directory made for them becomes
/// the account of that person, with the membership and what the groups give. In the caller's transaction, tenant scope and lock of the organization.
/// </summary>
public sealed class AwaitedMembers(IdpDbContext db, UserMerge merge, JoinRules joins, GroupRoles roles, EventLog events, TimeProvider clock)
{
    /// <summary>Whether the directory itself has made the membership. One that somebody else has made pending is not a directory's to open.</summary>
    internal static bool IsOf(Id<OrganizationDirectory> directory, Membership membership) =>
        membership.Roles.Any(r => r.Source == RoleSource.Jit && r.SourceId == directory.ToString());

    /// <summary>Gives the person who accepts what waits for the invited address: an account that nobody has used yet is merged into theirs, and a pending membership is active.</summary>
    /// <param name="mine">The membership that they have already; null when there is none.</param>
    /// <returns>Whether anything was waiting.</returns>
    internal async Task<Result<bool>> TakeAsync(Invitation invitation, Membership? mine, Id<User> user, CancellationToken ct)
    {
        var (organization, address) = (invitation.OrganizationId, invitation.Normalized);
        if (!await db.UserEmails.AnyAsync(e => e.UserId == user && e.Normalized == address && e.VerifiedAt != null, ct)) return false;
        var waiting = await FindAsync(invitation, user, ct);
        foreach (var account in waiting.Select(m => m.UserId).Where(id => id != user).ToList())
        {
            if (!await db.LockAsync(account, ct)) return VersionErrors.ChangedMeanwhile;
            db.UserEmails.RemoveRange(await db.UserEmails.Where(e => e.UserId == account).ToListAsync(ct)); // what nobody has verified is not added to somebody's own
            await db.SaveChangesAsync(ct);
            var merged = await merge.MergeLockedAsync(user, account, ct);
            if (!merged.IsOk) return merged.Error == MemberErrors.SingleOrganization || merged.Error == VersionErrors.ChangedMeanwhile ? merged.Error : InvitationErrors.AccountUnavailable;
        }

        if (waiting.Count == 0) return false;
        var membership = await db.Memberships.Include(m => m.Roles).SingleAsync(m => m.OrganizationId == organization && m.UserId == user, ct);
        // What the person had already, and was not made by a directory, stays as it was.
        if (membership.Status != MembershipStatus.Pending || (mine is not null && waiting.All(m => m.Id != mine.Id))) return true;
        var allowed = await joins.CheckAsync(organization, user, ct);
        if (!allowed.IsOk) return allowed.Error;
        membership.Activate(clock.GetUtcNow());
        events.Record(EventTypes.MemberActivated, organization, membership.Id.ToString(), new { userId = user, by = "invitation", invitationId = invitation.Id });
        return true;
    }

    /// <summary>Two memberships may have become one, which has what the groups of both give. Saves.</summary>
    internal async Task<Result> FollowGroupsAsync(Membership membership, CancellationToken ct)
    {
        var saved = await db.TrySaveAsync(ct);
        if (saved.IsOk) await roles.ReturnAsync(membership.OrganizationId, membership.Id, ct);
        return saved;
    }

    private async Task<List<Membership>> FindAsync(Invitation invitation, Id<User> user, CancellationToken ct)
    {
        var (organization, address) = (invitation.OrganizationId, invitation.Normalized);
        var rows = await db.DirectoryUsers.AsNoTracking().Where(u => u.OrganizationId == organization && u.PrimaryEmailKey == address && u.Active && u.DeletedAt == null)
            .Select(u => new { u.MembershipId, u.DirectoryId }).ToListAsync(ct);
        if (rows.Count == 0) return [];
        var ids = rows.Select(r => r.MembershipId).ToList();
        var members = await db.Memberships.Include(m => m.Roles)
            .Where(m => m.OrganizationId == organization && ids.Contains(m.Id) && (m.Status == MembershipStatus.Pending || m.Status == MembershipStatus.Active)).OrderBy(m => m.Id).ToListAsync(ct);
        var found = new List<Membership>();
        foreach (var member in members.Where(m => rows.Any(r => r.MembershipId == m.Id && IsOf(r.DirectoryId, m))))
        {
            // Who was activated by an admin is still to be found by the directory's own link.
            if (member.Status != MembershipStatus.Pending && !invitation.IsOfDirectory) continue;
            if (member.UserId == user || await IsNobodysAsync(organization, member.UserId, ct)) found.Add(member);
        }

        return found;
    }

    /// <summary>Nobody has ever signed in to the account or shown that an address of it is theirs.</summary>
    private async Task<bool> IsNobodysAsync(Id<Organization> organization, Id<User> user, CancellationToken ct) =>
        await db.IsMadeByDirectoryAsync(organization, user, ct) && !await db.UserEmails.AnyAsync(e => e.UserId == user && e.VerifiedAt != null, ct);
}
