using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Directories;

/// <summary>The wish to ask a pending member of a directory by mail. It waits in the outbox: a push is whole without it, whatever limit there is.</summary>
public sealed record DirectoryInvitation(Id<DirectoryUser> User)
{
    public const string Kind = "directory_invitation";

    internal static NewOutboxMessage Of(DirectoryUser row) =>
        new(Kind, $"{Kind}:{row.Id}", $"{Kind}@{row.OrganizationId}", new DirectoryInvitation(row.Id)) { Organization = row.OrganizationId };
}

/// <summary>
/// Asks people outside the verified domains whom a directory has made pending members (FEATURES.md row 26), within the limits of all invitations. One link to one mailbox at a time;
/// what is sent again counts as that, however the directory came to ask again; who has said no is not asked again by a directory.
/// </summary>
public sealed class DirectoryInvitations(IdpDbContext db, InvitationIssue issue, InvitationChecks checks, EventLog events, ActorContext actor, TimeProvider clock)
{
    /// <returns>Whether there was somebody to ask, and something to send.</returns>
    public Task<Result<bool>> AskAsync(Id<Organization> organization, Id<DirectoryUser> user, CancellationToken ct) =>
        db.InTransactionAsync<bool>(
            async () =>
            {
                if (!await db.LockAsync(organization, ct)) return false;
                db.EnterOrganization(organization);
                if (await FindAsync(organization, user, ct) is not { } found) return false;
                var (row, directory) = found;
                if (directory.Status != DirectoryStatus.Active || !await db.Organizations.AnyAsync(o => o.Id == organization && o.Status == OrganizationStatus.Active, ct)) return InvitationErrors.OrganizationClosed;
                actor.Actor = new Actor(ActorKind.Directory, directory.Id.ToString());
                if (!EmailAddress.TryParse(row.PrimaryEmail, out var address)) return false;
                var allowed = await checks.AddressAsync(organization, address, ct);
                if (!allowed.IsOk) return allowed.Error;
                var sent = await SendAsync(directory, address, ct);
                if (!sent.IsOk) return sent.Error;
                var saved = await db.TrySaveAsync(ct);
                return saved.IsOk ? sent : saved.Error;
            }, ct);

    private async Task<(DirectoryUser Row, OrganizationDirectory Directory)?> FindAsync(Id<Organization> organization, Id<DirectoryUser> user, CancellationToken ct)
    {
        var row = await db.DirectoryUsers.AsNoTracking().SingleOrDefaultAsync(u => u.OrganizationId == organization && u.Id == user, ct);
        if (row is not { Stands: true }) return null;
        var membership = await db.Memberships.AsNoTracking().Include(m => m.Roles).SingleAsync(m => m.OrganizationId == organization && m.Id == row.MembershipId, ct);
        if (membership.Status != MembershipStatus.Pending || !AwaitedMembers.IsOf(row.DirectoryId, membership)) return null;
        return (row, await db.Directories.AsNoTracking().SingleAsync(d => d.OrganizationId == organization && d.Id == row.DirectoryId, ct));
    }

    private async Task<Result<bool>> SendAsync(OrganizationDirectory directory, EmailAddress address, CancellationToken ct)
    {
        var (now, organization, normalized, granter) = (clock.GetUtcNow(), directory.OrganizationId, address.Normalized, Granter.Holding([]));
        var known = await db.Invitations.Where(i => i.OrganizationId == organization && i.Normalized == normalized && (i.Status == InvitationStatus.Pending || i.InviterKind == ActorKind.Directory))
            .OrderByDescending(i => i.Id).ToListAsync(ct);
        var last = known.Find(i => i.IsOfDirectory);
        if (known.Any(i => i.IsOpen(now)) || last is { Status: InvitationStatus.Declined }) return false;
        if (known.Find(i => i is { Status: InvitationStatus.Pending, IsOfDirectory: false }) is { } past)
        {
            past.Expire(now);
            events.Record(EventTypes.InvitationExpired, organization, past.Id.ToString());
            await db.SaveChangesAsync(ct); // before its place is taken
        }

        var life = checks.Life(null);
        if (!life.IsOk) return life.Error;
        var sent = last is { Status: not InvitationStatus.Accepted }
            ? await issue.AgainAsync(last, granter, life.Value, ct)
            : await issue.NewAsync(organization, address, new InvitationContents([(await db.DefaultRoleAsync(organization, directory.DefaultRoleKey, ct)).Id], []), granter, life.Value, ct);
        return sent.IsOk ? true : sent.Error;
    }
}

internal static class DirectoryInvitationEnd
{
    /// <summary>A pending membership ends: what its directory has mailed is dead at once. What people have sent is theirs.</summary>
    public static async Task TakeBackInvitationsAsync(this IdpDbContext db, EventLog events, Membership membership, DateTimeOffset now, CancellationToken ct)
    {
        var (organization, id) = (membership.OrganizationId, membership.Id);
        Revoke(events, await Open(db, organization).Where(i => db.DirectoryUsers.Any(u => u.OrganizationId == organization && u.MembershipId == id && u.PrimaryEmailKey == i.Normalized)).ToListAsync(ct), now);
    }

    /// <summary>The same of a directory that ends.</summary>
    public static async Task TakeBackInvitationsAsync(this IdpDbContext db, EventLog events, OrganizationDirectory directory, DateTimeOffset now, CancellationToken ct)
    {
        var inviter = directory.Id.ToString();
        Revoke(events, await Open(db, directory.OrganizationId).Where(i => i.InviterId == inviter).ToListAsync(ct), now);
    }

    private static IQueryable<Invitation> Open(IdpDbContext db, Id<Organization> organization) =>
        db.Invitations.Where(i => i.OrganizationId == organization && i.Status == InvitationStatus.Pending && i.InviterKind == ActorKind.Directory);

    private static void Revoke(EventLog events, List<Invitation> open, DateTimeOffset now)
    {
        foreach (var invitation in open)
        {
            invitation.Revoke(now);
            events.Record(EventTypes.InvitationRevoked, invitation.OrganizationId, invitation.Id.ToString(), new { invitation.ResentCount });
        }
    }
}
