using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Invitations;

/// <summary>Open invitations of somebody who comes in another way, with what of them is given.</summary>
public sealed record WaitingInvitations(IReadOnlyList<(Invitation Invitation, InvitationTerms Terms)> All)
{
    public static readonly WaitingInvitations None = new([]);

    public bool Any => All.Count > 0;
}

/// <summary>
/// An invited person who joins by single sign-on, a directory or their domain gets what they were invited to, and the invitation is used up (FEATURES.md rows 16 and 25). In the
/// caller's transaction and tenant scope. Only an address that the person has verified finds one (BW #7949). What a directory asks is answered by the
/// person alone.
/// </summary>
public sealed class InvitationConsumption(IdpDbContext db, InvitationJoining joining, EventLog events, TimeProvider clock)
{
    /// <summary>Takes the organization's lock when there is one, so call it before the person is locked.</summary>
    /// <param name="user">Null for somebody who is being made.</param>
    /// <param name="verified">An address that whoever lets them in has verified for this organization; the person's own verified ones count, too.</param>
    public async Task<WaitingInvitations> FindAsync(Id<Organization> organization, Id<User>? user, EmailAddress? verified, CancellationToken ct)
    {
        var addresses = user is { } known ? await db.UserEmails.Where(e => e.UserId == known && e.VerifiedAt != null).Select(e => e.Normalized).ToListAsync(ct) : [];
        if (verified is { } given) addresses.Add(given.Normalized);
        if (addresses.Count == 0) return WaitingInvitations.None;
        var now = clock.GetUtcNow();
        var waiting = db.Invitations.Where(i => i.OrganizationId == organization && addresses.Contains(i.Normalized) && i.Status == InvitationStatus.Pending && i.ExpiresAt > now && i.InviterKind != ActorKind.Directory);
        if (!await waiting.AnyAsync(ct)) return WaitingInvitations.None;

        await db.LockAsync(organization, ct);
        var found = new List<(Invitation, InvitationTerms)>();
        foreach (var invitation in await waiting.OrderBy(i => i.Id).ToListAsync(ct))
        {
            var terms = await joining.TermsAsync(invitation, ct);
            if (terms.IsOk) found.Add((invitation, terms.Value));
        }

        return new WaitingInvitations(found);
    }

    /// <summary>Whether one of them was made after the person was removed, and no directory has deleted them.</summary>
    public async Task<bool> MayBringBackAsync(WaitingInvitations waiting, Membership removed, CancellationToken ct) =>
        waiting.All.Any(w => w.Invitation.BringsBack(removed)) && !await db.IsDeletedByDirectoryAsync(removed, ct);

    /// <summary>A removed member is back, without the keys that the removal has left.</summary>
    public async Task BringBackAsync(Membership removed, CancellationToken ct)
    {
        removed.Reactivate(clock.GetUtcNow());
        await db.RevokeKeysAsync(events, removed.OrganizationId, removed.UserId, ct);
    }

    /// <summary>Gives what was offered to a membership that was just made or stands. The caller saves.</summary>
    /// <param name="by">What let them in, for the log: <c>jit</c>, <c>scim</c>, <c>domain</c>.</param>
    /// <returns>Whether it gave roles, so that nothing else need.</returns>
    public async Task<bool> ConsumeAsync(WaitingInvitations waiting, Membership membership, string by, CancellationToken ct)
    {
        var given = false;
        foreach (var (invitation, terms) in waiting.All) given |= (await joining.GiveAsync(invitation, terms, membership, by, ct)).IsOk;
        return given;
    }
}
