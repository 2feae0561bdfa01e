using System.ComponentModel.DataAnnotations;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Saml.Keys;
using TenantIdP.Server.Federation.Saml;

namespace TenantIdP.Server.Management;

/// <summary>
/// The SAML part of a connection, for a new one and as a merge patch. The facts of the identity provider come from <c>metadataXml</c> or <c>metadataUrl</c> or are given one by one;
/// what is given wins.
/// </summary>
public sealed record SamlConnectionBody
{
    /// <summary>Sets the defaults of a vendor: entra_id, okta, google_workspace, adfs, onelogin, pingfederate, shibboleth, jumpcloud.</summary>
    public Patch<string> Preset { get; init; }

    public Patch<string> EntityId { get; init; }
    public Patch<string> SsoUrl { get; init; }
    public Patch<SamlBinding> SsoBinding { get; init; }
    public Patch<string> SloUrl { get; init; }
    public Patch<SamlBinding> SloBinding { get; init; }
    public Patch<string> SloResponseUrl { get; init; }

    /// <summary>PEM or base64. All that are to be pinned, besides those of metadata in the same request.</summary>
    public Patch<IReadOnlyList<string>> Certificates { get; init; }

    /// <summary>Where the metadata is: read again on schedule, and now for a new connection that names no <c>entityId</c>.</summary>
    public Patch<string> MetadataUrl { get; init; }

    /// <summary>The metadata itself, pasted.</summary>
    public string? MetadataXml { get; init; }

    /// <summary>Which identity provider, when the metadata describes several.</summary>
    [MaxLength(Connection.MaxIssuerLength)]
    public string? MetadataEntityId { get; init; }

    /// <summary>Who we are to this identity provider; null means our metadata address.</summary>
    public Patch<string> SpEntityId { get; init; }

    /// <summary>For operators: further entity ids of ours that its audiences may name, from before a migration.</summary>
    public Patch<IReadOnlyList<string>> EntityIdAliases { get; init; }

    /// <summary>For operators: further assertion consumer addresses, from before a migration.</summary>
    public Patch<IReadOnlyList<string>> AcsAliases { get; init; }

    /// <summary><c>nameid</c>, <c>nameid_email</c> or the name of an attribute that never changes for a person.</summary>
    public Patch<string> Subject { get; init; }

    public Patch<SamlAttributeChanges> Attributes { get; init; }
    public Patch<bool> SignRequests { get; init; }
    public Patch<string> NameIdFormat { get; init; }
    public Patch<IReadOnlyList<string>> RequestedContexts { get; init; }
    public Patch<bool> SendLoginHint { get; init; }
    public Patch<bool> AllowSha1 { get; init; }
    public Patch<bool> AllowAesCbc { get; init; }
    public Patch<bool> RequireEncryption { get; init; }
    public Patch<bool> RefuseExpiredCertificates { get; init; }
    public Patch<string> IdpInitiatedApp { get; init; }

    internal Result<SamlConnectionChanges> ToChanges(ImportedMetadata? metadata)
    {
        var certificates = new List<CertificateFacts>();
        foreach (var text in Certificates.Value ?? [])
        {
            if (!SamlCertificate.TryReadAll(text, out var read)) return SamlErrors.CertificateInvalid;
            certificates.AddRange(read.Select(c => c.ToFacts()));
        }

        return new SamlConnectionChanges
        {
            Metadata = metadata, Preset = Preset, EntityId = EntityId, SsoUrl = SsoUrl, SsoBinding = SsoBinding, SloUrl = SloUrl, SloBinding = SloBinding, SloResponseUrl = SloResponseUrl,
            MetadataUrl = MetadataUrl, Certificates = Certificates.IsPresent ? new Patch<IReadOnlyList<CertificateFacts>>(certificates) : default, SpEntityId = SpEntityId,
            EntityIdAliases = EntityIdAliases, AcsAliases = AcsAliases, Subject = Subject, Attributes = Attributes, SignRequests = SignRequests, NameIdFormat = NameIdFormat,
            RequestedContexts = RequestedContexts, SendLoginHint = SendLoginHint, AllowSha1 = AllowSha1, AllowAesCbc = AllowAesCbc, RequireEncryption = RequireEncryption,
            RefuseExpiredCertificates = RefuseExpiredCertificates, IdpInitiatedApp = IdpInitiatedApp,
        };
    }
}

/// <param name="DaysLeft">Negative when it has ended.</param>
/// <param name="Source">By hand, or from the metadata.</param>
public sealed record ConnectionCertificateResponse(string Thumbprint, string Subject, DateTimeOffset NotBefore, DateTimeOffset NotAfter, int DaysLeft, CertificateSource Source)
{
    internal static ConnectionCertificateResponse From(ConnectionCertificate c, DateTimeOffset now) =>
        new(c.Thumbprint, c.Subject, c.NotBefore, c.NotAfter, (int)Math.Floor((c.NotAfter - now).TotalDays), c.Source);
}

/// <summary>What is entered at the identity provider.</summary>
/// <param name="SigningCertificates">PEM; two while one follows the other.</param>
public sealed record ServiceProviderResponse(string EntityId, string AcsUrl, string SloUrl, string MetadataUrl, IReadOnlyList<string> SigningCertificates);

/// <param name="Docs">What to click at this vendor.</param>
public sealed record SamlConnectionResponse(
    string? Preset, string EntityId, string SsoUrl, SamlBinding SsoBinding, string? SloUrl, SamlBinding SloBinding, string? SloResponseUrl, string? MetadataUrl,
    IReadOnlyList<ConnectionCertificateResponse> Certificates, string? SpEntityId, IReadOnlyList<string> EntityIdAliases, IReadOnlyList<string> AcsAliases, string Subject, SamlAttributeNames Attributes,
    bool SignRequests, string? NameIdFormat, IReadOnlyList<string> RequestedContexts, bool SendLoginHint, bool AllowSha1, bool AllowAesCbc, bool RequireEncryption, bool RefuseExpiredCertificates,
    string? IdpInitiatedApp, string? Docs, ServiceProviderResponse ServiceProvider)
{
    internal static SamlConnectionResponse From(string entityId, SamlSettings s, IReadOnlyList<ConnectionCertificateResponse> certificates, IReadOnlyList<string> acsAliases, ServiceProviderResponse provider) =>
        new(s.Preset, entityId, s.SsoUrl, s.SsoBinding, s.SloUrl, s.SloBinding, s.SloResponseUrl, s.MetadataUrl, certificates, s.SpEntityId, s.EntityIdAliases, acsAliases, s.Subject, s.Attributes,
            s.SignRequests, s.NameIdFormat, s.RequestedContexts, s.SendLoginHint, s.AllowSha1, s.AllowAesCbc, s.RequireEncryption, s.RefuseExpiredCertificates, s.IdpInitiatedApp,
            SamlPresets.Find(s.Preset)?.Docs, provider);
}
