using TenantIdP.Saml.Keys;

namespace TenantIdP.Saml.Metadata;

/// <summary>What we tell one identity provider about ourselves.</summary>
public sealed record SpMetadata
{
    public required string EntityId { get; init; }

    /// <summary>The first is the default one.</summary>
    public required IReadOnlyList<string> AcsUrls { get; init; }

    public IReadOnlyList<string> SloUrls { get; init; } = [];

    /// <summary>All that we sign with, or are going to.</summary>
    public IReadOnlyList<SamlCertificate> SigningCertificates { get; init; } = [];

    /// <summary>Usually one: an identity provider that finds several may take any of them.</summary>
    public IReadOnlyList<SamlCertificate> EncryptionCertificates { get; init; } = [];

    public bool AuthnRequestsSigned { get; init; }
    public bool WantAssertionsSigned { get; init; } = true;
    public IReadOnlyList<string> NameIdFormats { get; init; } = [];
    public DateTimeOffset? ValidUntil { get; init; }
}
