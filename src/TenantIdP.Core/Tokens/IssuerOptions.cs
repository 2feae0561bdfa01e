namespace TenantIdP.Core.Tokens;

/// <summary>The public origin of this installation and what follows from it; made once at start from <c>TenantIdP:Issuer</c>.</summary>
/// <param name="Issuer">Without trailing slash, compared exactly by every relying party.</param>
/// <param name="IsDevelopmentLoopback">The issuer is loopback and the environment Development: plain http, private upstreams and unprefixed cookies are allowed.</param>
public sealed record IssuerOptions(string Issuer, bool IsDevelopmentLoopback)
{
    /// <summary>Audience of tokens for the management API.</summary>
    public string ManagementApi => Issuer + "/api/v1";
}
