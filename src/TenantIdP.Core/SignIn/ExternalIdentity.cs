using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.SignIn;

/// <summary>What a connection's IdP asserted in one validated answer. The connection it belongs to comes from our own state, never from here.</summary>
/// <param name="EmailVerified">Asserted by the same source as the address; false when absent.</param>
/// <param name="Amr">The upstream's methods; recorded, not believed beyond one factor unless the connection says so.</param>
public sealed record ExternalIdentity(string Issuer, string Subject, EmailAddress? Email, bool EmailVerified, PersonName Name, IReadOnlyList<string> Amr)
{
    /// <summary>The values of the connection's group or role attribute; null when it was absent, which is not the same as empty.</summary>
    public IReadOnlyList<string>? RoleValues { get; init; }

    /// <summary>What the upstream calls this session, for single logout; null where there is none.</summary>
    public UpstreamSessionFacts? Session { get; init; }
}
