using Microsoft.AspNetCore.WebUtilities;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Federation;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Login;

/// <summary>Where somebody with an invitation goes: to the sign-in that their address asks for, and on when they are in.</summary>
internal sealed class InvitationWays(HomeRealm homeRealm, ConnectionChallenge challenge, SignInFlow flow, IAuthorizationRequests requests, IAppRegistry apps, IssuerOptions issuer)
{
    /// <summary>
    /// The same rules as at any sign-in to this organization with this address: its own single sign-on, that of the address's home, or a credential of this instance. The last one never
    /// past the home, whatever the organization takes: an invitation is no way to a password beside an employer's identity provider.
    /// </summary>
    /// <returns>The connection; null for a credential of this instance. Where there is a choice it is still one: whose is another one signs in at the app, which uses the invitation up, too.</returns>
    public async Task<Id<Core.Connections.Connection>?> DemandedAsync(InvitationOffer offer, CancellationToken ct)
    {
        var realm = await homeRealm.FindAsync(new RealmQuestion(offer.OrganizationId.ToString(), null, null, offer.Address), ct);
        return (realm.IsLocal ? await homeRealm.OfAddressAsync(offer.Address, ct) : realm).Leads;
    }

    public Task<FailureFacts?> StartAsync(HttpContext context, Id<Core.Connections.Connection> connection, InvitationOffer offer, CancellationToken ct) =>
        challenge.StartAsync(context, connection, PendingSignIn.OfInvited, offer.Address, ct);

    /// <summary>Nowhere but the app's own request, or where a registered app begins a sign-in (SECURITY.md C5); null when there is neither.</summary>
    public async Task<string?> OnAsync(InvitationVisit visit, AcceptedInvitation accepted, CancellationToken ct)
    {
        if (visit.Back is { } back && await flow.FindAsync(back, ct) is { Request: { } request })
        {
            var interaction = request.Interaction with { Invited = true };
            return requests.With(back, request.Organization is null ? interaction with { Chosen = accepted.OrganizationId, Selected = true } : interaction);
        }

        if (accepted.AppId is not { } app || await apps.FindAsync(app, ct) is not { InitiateLoginUri: { } start }) return null;
        return QueryHelpers.AddQueryString(start, new Dictionary<string, string?> { ["iss"] = issuer.Issuer, ["organization"] = accepted.OrganizationId.ToString(), ["login_hint"] = accepted.Address.Value }); // OpenID Connect Core section 4
    }

    /// <summary>On with the app's request, whatever came of the invitation; null when there is none.</summary>
    public async Task<string?> WithoutAsync(InvitationVisit visit, CancellationToken ct) =>
        visit.Back is { } back && await flow.FindAsync(back, ct) is { Request: { } request } ? requests.With(back, request.Interaction with { Invited = true }) : null;
}
