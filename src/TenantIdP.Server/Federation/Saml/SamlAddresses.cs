using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>The addresses of ours that one identity provider knows: each connection has its own, so that an answer can't be taken for another's.</summary>
public sealed record SamlAddresses(string Metadata, string Acs, string Slo)
{
    public static SamlAddresses Of(string issuer, Id<Connection> connection) =>
        new($"{issuer}/sso/saml/{connection}/metadata", $"{issuer}/sso/saml/{connection}/acs", $"{issuer}/sso/saml/{connection}/slo");

    /// <summary>Who we are to this identity provider.</summary>
    public string EntityId(SamlSettings settings) => settings.SpEntityId ?? Metadata;
}
