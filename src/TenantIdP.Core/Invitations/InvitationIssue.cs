using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Invitations;

/// <summary>An invitation that was just made or sent again, with the token for the only time.</summary>
public sealed record IssuedInvitation(Invitation Invitation, string Token);

/// <summary>Makes links and has them mailed, in the caller's transaction and tenant scope. The caller has judged what is offered and by whom.</summary>
public sealed class InvitationIssue(IdpDbContext db, Tallies tallies, EventLog events, ActorContext actor, InvitationOptions options, TimeProvider clock)
{
    private const int ResentInADay = 5;

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    public Inviter By(Granter granter) => new(actor.Actor.Kind, actor.Actor.Id, granter.IsInstance);

    /// <summary>An expired one that stands in its place is told to have ended. Saved by this, so that the database sees the end before the beginning.</summary>
    public async Task<Result<IssuedInvitation>> NewAsync(Id<Organization> organization, EmailAddress address, InvitationContents contents, Granter granter, TimeSpan life, CancellationToken ct)
    {
        if (!await TakeAsync(organization, ct)) return InvitationErrors.Bounded;
        var (invitation, token) = Invitation.Create(organization, address, contents, By(granter), life, clock.GetUtcNow());
        db.Invitations.Add(invitation);
        events.Record(EventTypes.InvitationCreated, organization, invitation.Id.ToString(), Facts(invitation), new { email = invitation.Address });
        return new IssuedInvitation(invitation, token);
    }

    public async Task<Result<IssuedInvitation>> AgainAsync(Invitation invitation, Granter granter, TimeSpan life, CancellationToken ct)
    {
        if (!await tallies.TakeAsync([new TallyLimit($"invitation_resent {invitation.Id}", ResentInADay, Day)], ct)) return InvitationErrors.ResendLimit;
        if (!await TakeAsync(invitation.OrganizationId, ct)) return InvitationErrors.Bounded;
        var token = invitation.Reissue(By(granter), life, clock.GetUtcNow());
        events.Record(EventTypes.InvitationResent, invitation.OrganizationId, invitation.Id.ToString(), Facts(invitation));
        return new IssuedInvitation(invitation, token);
    }

    /// <summary>The first owner of a new organization, whom nobody here knows yet.</summary>
    public async Task<Result<IssuedInvitation>> FirstOwnerAsync(Id<Organization> organization, EmailAddress address, CancellationToken ct)
    {
        var owner = await db.Roles.AsNoTracking().SingleAsync(r => r.OrganizationId == Organization.Instance && r.Key == BuiltInRoles.Owner, ct);
        return await NewAsync(organization, address, new InvitationContents([owner.Id], []), Granter.Instance, TimeSpan.FromHours(options.DefaultHours), ct);
    }

    internal static object Facts(Invitation i) => new { i.Roles, workspaces = i.Workspaces.Select(w => w.WorkspaceId), i.AppId, i.ExpiresAt, i.ResentCount };

    /// <summary>Counted before anything is sent, over all nodes; a refused row gives back what it took with its transaction.</summary>
    private Task<bool> TakeAsync(Id<Organization> organization, CancellationToken ct) => tallies.TakeAsync(
        [
            new TallyLimit($"invitations {organization}", options.PerOrganizationAndHour, Hour),
            new TallyLimit($"invitations {organization} {Fingerprint.Of($"{actor.Actor.Kind} {actor.Actor.Id}")}", options.PerInviterAndHour, Hour),
        ], ct);
}
