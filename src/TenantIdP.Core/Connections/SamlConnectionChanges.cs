using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Connections;

/// <summary>What the metadata of an identity provider says.</summary>
/// <param name="SsoUrls">All of its sign-in addresses, the preferred one first.</param>
public sealed record ImportedMetadata(string EntityId, IReadOnlyList<SamlEndpoint> SsoUrls, IReadOnlyList<CertificateFacts> Certificates)
{
    public SamlEndpoint? Slo { get; init; }
    public string? SloResponseUrl { get; init; }
    public bool WantsSignedRequests { get; init; }
}

public sealed record SamlEndpoint(string Url, SamlBinding Binding);

/// <param name="Settings">Over the defaults of the preset.</param>
public sealed record NewSamlConnection(string DisplayName, SamlConnectionChanges Settings)
{
    public JitMode Jit { get; init; } = JitMode.On;
    public string DefaultRole { get; init; } = BuiltInRoles.Member;
    public bool TrustEmail { get; init; }
    public bool AllowOutsideDomains { get; init; }
    public SsoRoles? SsoRoles { get; init; }
}

/// <summary>A merge patch of the shared part of a SAML connection.</summary>
public sealed record SamlSharedChanges
{
    public Patch<string> DisplayName { get; init; }
    public Patch<JitMode> Jit { get; init; }
    public Patch<string> DefaultRole { get; init; }
    public Patch<bool> TrustEmail { get; init; }
    public Patch<bool> AllowOutsideDomains { get; init; }
    public Patch<SsoRoles> SsoRoles { get; init; }
}

/// <summary>A merge patch of where a person's facts are.</summary>
public sealed record SamlAttributeChanges
{
    public Patch<string> Email { get; init; }
    public Patch<string> Name { get; init; }
    public Patch<string> GivenName { get; init; }
    public Patch<string> FamilyName { get; init; }

    internal SamlAttributeNames Over(SamlAttributeNames current) => new(Email.Or(current.Email), Name.Or(current.Name), GivenName.Or(current.GivenName), FamilyName.Or(current.FamilyName));
}

/// <summary>A merge patch of the SAML part. What it names wins over the metadata, which wins over the preset.</summary>
public sealed record SamlConnectionChanges
{
    public ImportedMetadata? Metadata { get; init; }
    public Patch<string> Preset { get; init; }
    public Patch<string> EntityId { get; init; }
    public Patch<string> SsoUrl { get; init; }
    public Patch<SamlBinding> SsoBinding { get; init; }
    public Patch<string> SloUrl { get; init; }
    public Patch<SamlBinding> SloBinding { get; init; }
    public Patch<string> SloResponseUrl { get; init; }
    public Patch<string> MetadataUrl { get; init; }

    /// <summary>All that are to be pinned, besides those of metadata in the same request.</summary>
    public Patch<IReadOnlyList<CertificateFacts>> Certificates { get; init; }

    public Patch<string> SpEntityId { get; init; }

    /// <summary>For operators: an organization could take an address that is another's.</summary>
    public Patch<IReadOnlyList<string>> EntityIdAliases { get; init; }

    public Patch<IReadOnlyList<string>> AcsAliases { get; init; }
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

    internal bool SetsAliases => EntityIdAliases.IsPresent || AcsAliases.IsPresent;

    /// <summary>The settings that result; <paramref name="current"/> is null for a new connection.</summary>
    internal SamlSettings Over(SamlSettings? current)
    {
        var basis = FromPreset(current ?? new SamlSettings(""));
        if (Metadata is { } metadata) basis = Imported(basis, metadata);
        return basis with
        {
            SsoUrl = SsoUrl.Or(basis.SsoUrl) ?? "",
            SsoBinding = SsoBinding.Or(basis.SsoBinding),
            SloUrl = SloUrl.Or(basis.SloUrl),
            SloBinding = SloBinding.Or(basis.SloBinding),
            SloResponseUrl = SloResponseUrl.Or(basis.SloResponseUrl),
            MetadataUrl = MetadataUrl.Or(basis.MetadataUrl),
            SpEntityId = SpEntityId.Or(basis.SpEntityId),
            EntityIdAliases = EntityIdAliases.Or(basis.EntityIdAliases) ?? [],
            Preset = Preset.Or(basis.Preset),
            Subject = Subject.Or(basis.Subject) ?? SamlSettings.SubjectIsNameId,
            Attributes = !Attributes.IsPresent ? basis.Attributes : Attributes.Value?.Over(basis.Attributes) ?? new SamlAttributeNames(),
            SignRequests = SignRequests.Or(basis.SignRequests),
            NameIdFormat = NameIdFormat.Or(basis.NameIdFormat),
            RequestedContexts = RequestedContexts.Or(basis.RequestedContexts) ?? [],
            SendLoginHint = SendLoginHint.Or(basis.SendLoginHint),
            AllowSha1 = AllowSha1.Or(basis.AllowSha1),
            AllowAesCbc = AllowAesCbc.Or(basis.AllowAesCbc),
            RequireEncryption = RequireEncryption.Or(basis.RequireEncryption),
            RefuseExpiredCertificates = RefuseExpiredCertificates.Or(basis.RefuseExpiredCertificates),
            IdpInitiatedApp = IdpInitiatedApp.Or(basis.IdpInitiatedApp),
        };
    }

    /// <summary>A preset that is chosen sets its defaults; one that stays does not undo what was set since.</summary>
    private SamlSettings FromPreset(SamlSettings settings) =>
        Preset.IsPresent && SamlPresets.Find(Preset.Value) is { } preset && preset.Id != settings.Preset
            ? settings with { Subject = preset.Subject, Attributes = preset.Attributes, NameIdFormat = preset.NameIdFormat, SsoBinding = preset.SsoBinding, SignRequests = preset.SignRequests }
            : settings;

    private static SamlSettings Imported(SamlSettings settings, ImportedMetadata metadata)
    {
        // The address of the binding that the preset prefers, when there is one.
        var sso = metadata.SsoUrls.FirstOrDefault(e => e.Binding == settings.SsoBinding) ?? (metadata.SsoUrls.Count > 0 ? metadata.SsoUrls[0] : null);
        return settings with
        {
            SsoUrl = sso?.Url ?? "",
            SsoBinding = sso?.Binding ?? settings.SsoBinding,
            SloUrl = metadata.Slo?.Url,
            SloBinding = metadata.Slo?.Binding ?? settings.SloBinding,
            SloResponseUrl = metadata.SloResponseUrl,
            SignRequests = settings.SignRequests || metadata.WantsSignedRequests,
        };
    }
}
