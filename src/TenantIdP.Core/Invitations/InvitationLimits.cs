using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Invitations;

/// <summary>How many invitations go out. Counted before anything is sent, over all nodes; a row that is refused gives back what it took with its transaction.</summary>
public sealed class InvitationLimits(Tallies tallies, ActorContext actor, InvitationOptions options)
{
    private const int ResentInADay = 5;
    private const int AskedInADay = 5;
    private const int ToAnAddressInADay = 10;

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    /// <summary>How long one is open that does not say.</summary>
    public TimeSpan DefaultLife => TimeSpan.FromHours(options.DefaultHours);

    /// <summary>By the address, too: one that is taken back and made anew is another invitation and the same mail.</summary>
    public async Task<Result> TakeAsync(Id<Organization> organization, EmailAddress address, CancellationToken ct)
    {
        if (!await tallies.TakeAsync([new TallyLimit($"invitation_mails {organization} {Fingerprint.Of(address.Normalized)}", ToAnAddressInADay, Day)], ct)) return InvitationErrors.AddressLimit;
        return await tallies.TakeAsync(
            [
                new TallyLimit($"invitations {organization}", options.PerOrganizationAndHour, Hour),
                new TallyLimit($"invitations {organization} {Fingerprint.Of($"{actor.Actor.Kind} {actor.Actor.Id}")}", options.PerInviterAndHour, Hour),
            ], ct) ? Result.Ok : InvitationErrors.Bounded;
    }

    /// <summary>Each asking is a mail to the inviter.</summary>
    public async Task<Result> TakeAskAsync(Invitation invitation, CancellationToken ct) =>
        await tallies.TakeAsync([new TallyLimit($"invitation_asked {invitation.Id}", AskedInADay, Day)], ct) ? Result.Ok : InvitationErrors.AskLimit;

    public async Task<Result> TakeAgainAsync(Invitation invitation, CancellationToken ct) =>
        await tallies.TakeAsync([new TallyLimit($"invitation_resent {invitation.Id}", ResentInADay, Day)], ct) ? await TakeAsync(invitation.OrganizationId, EmailAddress.Parse(invitation.Address), ct) : InvitationErrors.ResendLimit;
}
