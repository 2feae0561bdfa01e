using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>What a connection's IdP asserted in one validated answer. The connection it belongs to comes from our own state, never from here.</summary>
/// <param name="EmailVerified">Asserted by the same source as the address; false when absent.</param>
/// <param name="Amr">The upstream's methods; recorded, not believed beyond one factor unless the connection says so.</param>
public sealed record ExternalIdentity(string Issuer, string Subject, EmailAddress? Email, bool EmailVerified, PersonName Name, IReadOnlyList<string> Amr);
