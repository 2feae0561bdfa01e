using Microsoft.AspNetCore.DataProtection;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Login;

/// <summary>An invitation that this browser has opened.</summary>
/// <param name="Back">The app's request that it belongs to; null when somebody followed the link of a mail.</param>
/// <param name="Consented">The person has said yes in a form of ours, and went to sign in: their coming back completes it.</param>
internal sealed record InvitationVisit(string Token, string? Back, bool Consented)
{
    /// <summary>What the form names, so that a yes is to the invitation that was on the screen.</summary>
    public string Name() => InvitationToken.TryParse(Token, out var token) ? token.InvitationId.ToString() : "";
}

/// <summary>Keeps the token of an opened invitation in the browser.</summary>
internal sealed class InvitationCookie(IDataProtectionProvider protection, IssuerOptions issuer, TimeProvider clock)
    : SealedCookie<InvitationVisit>(protection, issuer, clock, "invitation", "TenantIdP.Invitation", TimeSpan.FromHours(1));
