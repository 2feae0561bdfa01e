using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Mail;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Core.Invitations;

/// <summary>An invitation that was just made or sent again, with the token for the only time.</summary>
public sealed record IssuedInvitation(Invitation Invitation, string Token);

/// <summary>Makes links and has them mailed, in the caller's transaction and tenant scope. The caller has judged what is offered and by whom.</summary>
public sealed class InvitationIssue(IdpDbContext db, InvitationLimits limits, MailWriter mails, EventLog events, ActorContext actor, TimeProvider clock)
{
    public async Task<Result<IssuedInvitation>> NewAsync(Id<Organization> organization, EmailAddress address, InvitationContents contents, Granter granter, TimeSpan life, CancellationToken ct)
    {
        var taken = await limits.TakeAsync(organization, address, ct);
        if (!taken.IsOk) return taken.Error;
        var (invitation, token) = Invitation.Create(organization, address, contents, By(granter), life, clock.GetUtcNow());
        db.Invitations.Add(invitation);
        events.Record(EventTypes.InvitationCreated, organization, invitation.Id.ToString(), Facts(invitation), new { email = invitation.Address });
        await MailAsync(MailTemplate.Invitation, invitation, token, ct);
        return new IssuedInvitation(invitation, token);
    }

    public async Task<Result<IssuedInvitation>> AgainAsync(Invitation invitation, Granter granter, TimeSpan life, CancellationToken ct)
    {
        var taken = await limits.TakeAgainAsync(invitation, ct);
        if (!taken.IsOk) return taken.Error;
        var token = invitation.Reissue(By(granter), life, clock.GetUtcNow());
        events.Record(EventTypes.InvitationResent, invitation.OrganizationId, invitation.Id.ToString(), Facts(invitation));
        await MailAsync(MailTemplate.InvitationReminder, invitation, token, ct);
        return new IssuedInvitation(invitation, token);
    }

    /// <summary>The first owner of a new organization, whom nobody here knows yet.</summary>
    public async Task<Result<IssuedInvitation>> FirstOwnerAsync(Id<Organization> organization, EmailAddress address, CancellationToken ct)
    {
        var owner = await db.Roles.AsNoTracking().SingleAsync(r => r.OrganizationId == Organization.Instance && r.Key == BuiltInRoles.Owner, ct);
        return await NewAsync(organization, address, new InvitationContents([owner.Id], []), Granter.Instance, limits.DefaultLife, ct);
    }

    private Inviter By(Granter granter) => new(actor.Actor.Kind, actor.Actor.Id, granter.IsInstance);

    private static object Facts(Invitation i) => new { i.Roles, workspaces = i.Workspaces.Select(w => w.WorkspaceId), i.AppId, i.ExpiresAt, i.ResentCount };

    /// <summary>The only place where the token leaves but the answer to an operator's app. The outbox keeps it sealed until it is sent.</summary>
    private async Task MailAsync(MailTemplate template, Invitation invitation, string token, CancellationToken ct)
    {
        var inviter = invitation.Inviter.User is { } by ? await db.Users.Where(u => u.Id == by).Select(u => u.Name).SingleOrDefaultAsync(ct) : null;
        mails.Add(new NewMail(template, EmailAddress.Parse(invitation.Address))
        {
            Organization = invitation.OrganizationId,
            Locale = invitation.Locale,
            Values = new Dictionary<string, string>
            {
                ["inviter"] = inviter ?? "", ["message"] = invitation.Message ?? "",
                ["expires"] = MailText.Of(invitation.ExpiresAt),
            },
            Links = new Dictionary<string, string> { ["accept"] = $"{InteractionPaths.InvitationLink}/{token}" },
            NotAfter = invitation.ExpiresAt,
        });
    }
}
