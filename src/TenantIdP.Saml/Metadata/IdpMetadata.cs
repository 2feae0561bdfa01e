using TenantIdP.Saml.Keys;

namespace TenantIdP.Saml.Metadata;

/// <summary>What the metadata of one identity provider says, as far as a service provider acts on it.</summary>
public sealed record IdpMetadata
{
    public required string EntityId { get; init; }

    /// <summary>At least one of the two is there.</summary>
    public string? SsoRedirectUrl { get; init; }

    public string? SsoPostUrl { get; init; }
    public string? SloRedirectUrl { get; init; }
    public string? SloPostUrl { get; init; }

    /// <summary>Where logout responses go, when that is another address than requests go to; of the redirect endpoint when there are both.</summary>
    public string? SloResponseUrl { get; init; }

    /// <summary>At least one, in the order of the document, which means nothing: during a rollover the first one may be the one that is not used yet.</summary>
    public required IReadOnlyList<SamlCertificate> SigningCertificates { get; init; }

    public bool WantAuthnRequestsSigned { get; init; }

    /// <summary>The earliest end that the document names for this entity.</summary>
    public DateTimeOffset? ValidUntil { get; init; }

    /// <summary>The other identity providers in the document, at most <see cref="IdpMetadataReader.MaxListed"/>.</summary>
    public IReadOnlyList<string> OtherEntityIds { get; init; } = [];
}
