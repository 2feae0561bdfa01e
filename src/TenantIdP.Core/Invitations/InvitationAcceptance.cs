using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Mail;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Invitations;

/// <summary>An open invitation as far as whoever holds its link may know it.</summary>
/// <param name="InviterName">Null where a program invited.</param>
/// <param name="TakesOtherAddress">The organization lets people ask to accept with another address.</param>
public sealed record InvitationOffer(
    Id<Organization> OrganizationId, Id<Invitation> Id, string OrganizationName, string? InviterName, EmailAddress Address, Id<App>? AppId, bool TakesOtherAddress, Id<User>? RequestedBy, bool RequestDenied);

/// <summary>How somebody who is signed in stands to an invitation.</summary>
public enum InviteeStanding
{
    /// <summary>They have verified the invited address, and this browser has shown so in a way that counts.</summary>
    Invited,

    /// <summary>They have verified it, but not in the way that the address asks for.</summary>
    ProofMissing,
    SomebodyElse,
}

/// <summary>Somebody is in, and goes on from here.</summary>
/// <param name="Address">The invited one.</param>
public sealed record AcceptedInvitation(Id<Organization> OrganizationId, Id<Membership> MembershipId, string OrganizationName, EmailAddress Address, Id<App>? AppId);

/// <summary>
/// What the holder of a link does. The token leads to one row by its key, in the organization that it names; everything else is read from there (SECURITY.md C1). Each change judges
/// anew under the organization's lock (C2).
/// </summary>
public sealed class InvitationAcceptance(IdpDbContext db, InvitationJoining joining, InvitationLimits limits, MailWriter mails, EventLog events, TimeProvider clock)
{
    // No row has it: what is unknown is compared, too.
    private static readonly string Nothing = MachineSecret.Hash(MachineSecret.New(""));

    /// <summary>The open invitation of this token, or why there is none. Tells nothing to whoever does not have the token.</summary>
    public async Task<Result<InvitationOffer>> OpenAsync(string token, CancellationToken ct)
    {
        var found = await FindAsync(token, ct);
        if (!found.IsOk) return found.Error;
        var invitation = found.Value;
        var organization = await db.Organizations.AsNoTracking().SingleAsync(o => o.Id == invitation.OrganizationId, ct);
        if (organization.Status != OrganizationStatus.Active) return InvitationErrors.OrganizationClosed;
        var name = invitation.Inviter.User is { } by ? await db.Users.Where(u => u.Id == by && u.Status == UserStatus.Active).Select(u => u.Name).SingleOrDefaultAsync(ct) : null;
        return new InvitationOffer(
            invitation.OrganizationId, invitation.Id, organization.DisplayName, name, EmailAddress.Parse(invitation.Address), invitation.AppId, TakesOther(invitation, organization),
            invitation.RequestedBy, invitation.RequestDeniedAt is not null);
    }

    /// <summary>
    /// Whether this session is the invited person's: its user has verified the invited address (SECURITY.md C3), and has shown so by what counts for it. A proof of some other
    /// organization's identity provider says nothing about this mailbox (D11).
    /// </summary>
    /// <param name="demanded">The connection that the home realm of the invited address names; null for a credential of this instance.</param>
    public async Task<InviteeStanding> StandingAsync(InvitationOffer offer, Session session, Id<Connections.Connection>? demanded, CancellationToken ct)
    {
        var (user, normalized) = (session.UserId, offer.Address.Normalized);
        if (!await db.UserEmails.AnyAsync(e => e.UserId == user && e.Normalized == normalized && e.VerifiedAt != null, ct)) return InviteeStanding.SomebodyElse;
        if (demanded is { } connection) return session.Proofs.Any(p => p.ConnectionId == connection) ? InviteeStanding.Invited : InviteeStanding.ProofMissing;
        return session.Proofs.Any(p => p.ConnectionId is null || p.OrganizationId == offer.OrganizationId) ? InviteeStanding.Invited : InviteeStanding.ProofMissing;
    }

    /// <summary>Joins the person of a session that was judged to be the invited one's; judged once more under the lock.</summary>
    public Task<Result<AcceptedInvitation>> AcceptAsync(string token, Session session, Id<Connections.Connection>? demanded, CancellationToken ct) =>
        ChangeAsync<AcceptedInvitation>(
            token, async (invitation, organization) =>
            {
                var offer = new InvitationOffer(organization.Id, invitation.Id, organization.DisplayName, null, EmailAddress.Parse(invitation.Address), invitation.AppId, TakesOther(invitation, organization), null, false);
                switch (await StandingAsync(offer, session, demanded, ct))
                {
                    case InviteeStanding.SomebodyElse:
                        return InvitationErrors.WrongAccount;
                    case InviteeStanding.ProofMissing:
                        return InvitationErrors.ProofRequired;
                }

                return await JoinAsync(invitation, organization, session.UserId, ct);
            }, ct);

    /// <summary>Joins a person in the caller's transaction, which holds the lock and has found the invitation open.</summary>
    internal async Task<Result<AcceptedInvitation>> JoinAsync(Invitation invitation, Organization organization, Id<User> user, CancellationToken ct)
    {
        var terms = await joining.TermsAsync(invitation, ct);
        if (!terms.IsOk) return terms.Error;
        var joined = await joining.JoinAsync(invitation, terms.Value, user, "link", ct);
        if (!joined.IsOk) return joined.Error;
        return new AcceptedInvitation(organization.Id, joined.Value.Id, organization.DisplayName, EmailAddress.Parse(invitation.Address), invitation.AppId);
    }

    /// <summary>Nobody need be signed in to say no: the link was mailed to them.</summary>
    public Task<Result<InvitationOffer>> DeclineAsync(string token, CancellationToken ct) =>
        ChangeAsync<InvitationOffer>(
            token, (invitation, organization) =>
            {
                invitation.Decline(clock.GetUtcNow());
                events.Record(EventTypes.InvitationDeclined, organization.Id, invitation.Id.ToString());
                return Task.FromResult<Result<InvitationOffer>>(new InvitationOffer(organization.Id, invitation.Id, organization.DisplayName, null, EmailAddress.Parse(invitation.Address), invitation.AppId, false, null, false));
            }, ct);

    /// <summary>Asks the inviter to be let in with the address that the session's person has verified.</summary>
    public async Task<Result> AskAsync(string token, Session session, CancellationToken ct)
    {
        var asked = await ChangeAsync<bool>(
            token, async (invitation, organization) =>
            {
                var user = session.UserId;
                if (!TakesOther(invitation, organization)) return InvitationErrors.WrongAccount;
                if (invitation.RequestedBy == user) return true; // once; also when the answer was no
                if (invitation.HasRequest) return InvitationErrors.WrongAccount; // somebody else is first: the inviter answers them
                var address = await db.UserEmails.Where(e => e.UserId == user && e.VerifiedAt != null).OrderByDescending(e => e.IsPrimary).Select(e => e.Address).FirstOrDefaultAsync(ct);
                if (address is null || !await db.Users.AnyAsync(u => u.Id == user && u.Status == UserStatus.Active, ct)) return InvitationErrors.AccountUnavailable;
                var counted = await limits.TakeAskAsync(invitation, ct);
                if (!counted.IsOk) return counted.Error;
                invitation.Ask(user, clock.GetUtcNow());
                events.Record(EventTypes.InvitationRequested, organization.Id, invitation.Id.ToString(), new { userId = user }, new { email = address }, user);
                await TellInviterAsync(invitation, address, ct);
                return true;
            }, ct);
        return asked.IsOk ? Result.Ok : asked.Error;
    }

    /// <summary>For who comes back to a link that has let them in, as after their request was approved: the membership it gave them; null for everybody else.</summary>
    public async Task<AcceptedInvitation?> JoinedAsync(string token, Session session, CancellationToken ct)
    {
        if (!InvitationToken.TryParse(token, out var parsed)) return null;
        db.EnterOrganization(parsed.OrganizationId);
        var (user, id) = (session.UserId, parsed.InvitationId);
        var found = await (
            from i in db.Invitations
            where i.OrganizationId == parsed.OrganizationId && i.Id == id && i.Status == InvitationStatus.Accepted && i.AcceptedBy == user
            join m in db.Memberships on new { i.OrganizationId, UserId = user } equals new { m.OrganizationId, m.UserId }
            where m.Status == MembershipStatus.Active
            join o in db.Organizations on i.OrganizationId equals o.Id
            where o.Status == OrganizationStatus.Active
            select new { i.TokenHash, i.Address, i.AppId, m.Id, o.DisplayName }).AsNoTracking().SingleOrDefaultAsync(ct);
        return found is not null && MachineSecret.Matches(token, found.TokenHash) ? new AcceptedInvitation(parsed.OrganizationId, found.Id, found.DisplayName, EmailAddress.Parse(found.Address), found.AppId) : null;
    }

    /// <summary>One change of the invitation of a token, under the lock of its organization, saved. Joins a transaction that is open.</summary>
    internal Task<Result<T>> ChangeAsync<T>(string token, Func<Invitation, Organization, Task<Result<T>>> change, CancellationToken ct) where T : notnull =>
        db.InTransactionAsync<T>(
            async () =>
            {
                if (!InvitationToken.TryParse(token, out var parsed) || !await db.LockAsync(parsed.OrganizationId, ct)) return InvitationErrors.Unknown;
                var found = await FindAsync(token, ct);
                if (!found.IsOk) return found.Error;
                var organization = await db.Organizations.AsNoTracking().SingleAsync(o => o.Id == parsed.OrganizationId, ct);
                if (organization.Status != OrganizationStatus.Active) return InvitationErrors.OrganizationClosed;
                var changed = await change(found.Value, organization);
                if (!changed.IsOk) return changed.Error;
                var saved = await db.TrySaveAsync(Unique, ct);
                return saved.IsOk ? changed : saved.Error;
            }, ct);

    private static bool TakesOther(Invitation invitation, Organization organization) => organization.AllowDifferentEmail && !invitation.IsOfDirectory;

    private static readonly Dictionary<string, Error> Unique = new()
    {
        ["ux_memberships_organization_id_user_id"] = VersionErrors.ChangedMeanwhile,
        ["ux_user_emails_normalized"] = VersionErrors.ChangedMeanwhile,
    };

    private async Task TellInviterAsync(Invitation invitation, string person, CancellationToken ct)
    {
        if (invitation.Inviter.User is not { } inviter) return; // a program reads it in the list, or in the event
        var to = await (
            from e in db.UserEmails
            where e.UserId == inviter && e.IsPrimary && e.VerifiedAt != null
            join u in db.Users on e.UserId equals u.Id
            select new { e.Address, u.Locale }).SingleOrDefaultAsync(ct);
        if (to is null) return;
        mails.Add(new NewMail(MailTemplate.InvitationRequested, EmailAddress.Parse(to.Address))
        {
            Organization = invitation.OrganizationId, Locale = to.Locale, NotAfter = invitation.ExpiresAt,
            Values = new Dictionary<string, string> { ["invited"] = invitation.Address, ["person"] = person },
        });
    }

    private async Task<Result<Invitation>> FindAsync(string token, CancellationToken ct)
    {
        var isToken = InvitationToken.TryParse(token, out var parsed);
        Invitation? invitation = null;
        if (isToken)
        {
            db.EnterOrganization(parsed.OrganizationId);
            invitation = await db.Invitations.SingleOrDefaultAsync(i => i.OrganizationId == parsed.OrganizationId && i.Id == parsed.InvitationId, ct);
            if (invitation is not null && db.Entry(invitation).State == EntityState.Unchanged) await db.Entry(invitation).ReloadAsync(ct); // read before the lock, perhaps
            if (invitation is not null && db.Entry(invitation).State == EntityState.Detached) invitation = null;
        }

        if (!MachineSecret.Matches(token, invitation?.TokenHash ?? Nothing) || invitation is null) return InvitationErrors.Unknown;
        return invitation.StatusAt(clock.GetUtcNow()) switch
        {
            InvitationStatus.Pending => invitation,
            InvitationStatus.Expired => InvitationErrors.Expired,
            InvitationStatus.Revoked => InvitationErrors.Revoked,
            InvitationStatus.Declined => InvitationErrors.Declined,
            InvitationStatus.Accepted => InvitationErrors.Used,
        };
    }
}
