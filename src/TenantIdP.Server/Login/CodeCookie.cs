using Microsoft.AspNetCore.DataProtection;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Login;

/// <summary>A code that this browser has asked for.</summary>
/// <param name="Return">The request that it belongs to; null when somebody came by themselves.</param>
internal sealed record CodeVisit(Id<MailedCode> Id, string Secret, MailedCodePurpose Purpose, string Address, string? Return)
{
    /// <summary>The address was one when this was sealed.</summary>
    public MailedCodeTicket Ticket() => new(Id, Secret, Purpose, EmailAddress.Parse(Address));
}

/// <summary>Keeps the browser's part of a mailed code: without it the code is of no use to whoever reads the mail elsewhere.</summary>
internal sealed class CodeCookie(IDataProtectionProvider protection, IssuerOptions issuer, TimeProvider clock)
    : SealedCookie<CodeVisit>(protection, issuer, clock, "code", "TenantIdP.MailedCode", MailedCode.Lifetime + MailedCode.ProvenLifetime);
