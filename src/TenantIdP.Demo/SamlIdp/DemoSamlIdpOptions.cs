using TenantIdP.Demo.Idp;

namespace TenantIdP.Demo.SamlIdp;

/// <summary>What a demo SAML identity provider is asked to do wrong.</summary>
public enum DemoSamlIdpFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Publishes and signs with a certificate that ended twelve days before it was made.</summary>
    ExpiredCertificate,

    /// <summary>Signs with a key that its metadata does not publish.</summary>
    ForeignKey,
}

/// <summary>One SAML 2.0 identity provider of the demo. Development only: it asks nobody for a password.</summary>
public sealed record DemoSamlIdpOptions
{
    public required string Name { get; init; }

    /// <summary>Base of every endpoint and of the entity id, http on 127.0.0.1. Port 0 takes a free one; read <see cref="DemoSamlIdp.Url"/> afterwards.</summary>
    public required Uri Url { get; init; }

    public required IReadOnlyList<DemoIdpPerson> People { get; init; }

    /// <summary>Where answers may go: whole URIs, in which a path segment <c>*</c> stands for any one segment.</summary>
    public required IReadOnlyList<string> AcsPatterns { get; init; }

    /// <summary>Where sign-outs may go; what stood for <c>*</c> in the answer's address is put in here.</summary>
    public IReadOnlyList<string> SloPatterns { get; init; } = [];

    public DemoSamlIdpFault Fault { get; init; }

    /// <summary>Where the key and the certificate are kept, made when there is none; null makes others at each start, which no application that pinned them outlives.</summary>
    public string? KeyFile { get; init; }
}
