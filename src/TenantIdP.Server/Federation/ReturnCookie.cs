using Microsoft.AspNetCore.DataProtection;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Federation;

/// <summary>
/// Keeps the app's request in the browser while the person is away. Inside <c>state</c> it would make an address that some providers refuse as too long; and so the
/// answer is worth nothing in another browser.
/// </summary>
internal sealed class ReturnCookie(IDataProtectionProvider protection, IssuerOptions issuer, TimeProvider clock)
    : FlowCookie<StartedSignIn>(protection, issuer, clock, "sso-return.", "TenantIdP.ReturnCookie.v2");
