using Microsoft.AspNetCore.DataProtection;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Federation;

/// <summary>A sign-out on its round through the identity providers at which the ended session had begun.</summary>
/// <param name="Back">The end-session request of the app, already known to be ours; null when the person signed out here.</param>
/// <param name="Left">Where it has still to go.</param>
internal sealed record StartedSignOut(string? Back, IReadOnlyList<UpstreamLogout> Left);

internal sealed class SignOutCookie(IDataProtectionProvider protection, IssuerOptions issuer, TimeProvider clock)
    : FlowCookie<StartedSignOut>(protection, issuer, clock, "sso-signout.", "TenantIdP.SignOutCookie.v1");
