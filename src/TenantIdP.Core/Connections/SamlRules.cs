namespace TenantIdP.Core.Connections;

/// <summary>What holds for the settings of every SAML connection.</summary>
internal static class SamlRules
{
    public const int MaxName = 256;
    public const int MaxAliases = 20;
    public const int MaxCertificates = 20;

    private const string Transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

    public static Kernel.Error? Check(string? entityId, SamlSettings settings)
    {
        if (!IsEntityId(entityId)) return SamlErrors.EntityIdInvalid;
        return CheckUrls(settings) ?? CheckNames(settings);
    }

    /// <summary>Plain http anywhere: allowed only where the instance itself is a development one.</summary>
    public static bool IsSecure(SamlSettings settings) =>
        new[] { settings.SsoUrl, settings.SloUrl, settings.SloResponseUrl, settings.MetadataUrl }.All(url => url is null || url.StartsWith("https://", StringComparison.OrdinalIgnoreCase));

    /// <summary>The email attribute is part of it, because accounts are linked by it; so is the metadata address, because keys come from there.</summary>
    public static bool ChangesIdentity(SamlSettings before, SamlSettings after) =>
        before.SsoUrl != after.SsoUrl || before.MetadataUrl != after.MetadataUrl || before.Subject != after.Subject || before.Attributes.Email != after.Attributes.Email
        || before.SpEntityId != after.SpEntityId || !before.EntityIdAliases.SequenceEqual(after.EntityIdAliases);

    public static bool IsText(string? text, int max) => text is { Length: > 0 } && text.Length <= max && !text.Any(char.IsControl);

    public static bool IsUrl(string? text) =>
        text is { Length: > 0 and <= Connection.MaxIssuerLength } && !text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '\\') && Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.Scheme is "https" or "http" && uri.Host.Length > 0 && uri.Fragment.Length == 0 && uri.UserInfo.Length == 0;

    // An entity id is a URI of at most 1024 characters (SAML Core 8.3.6); in practice it is any text without spaces.
    private static bool IsEntityId(string? text) => IsText(text, Connection.MaxIssuerLength) && !text!.Any(char.IsWhiteSpace); // IsText admits no null

    private static Kernel.Error? CheckUrls(SamlSettings s)
    {
        if (!IsUrl(s.SsoUrl)) return SamlErrors.SsoUrlInvalid;
        if (s.SloUrl is not null && !IsUrl(s.SloUrl)) return SamlErrors.SloUrlInvalid;
        if (s.SloResponseUrl is not null && !IsUrl(s.SloResponseUrl)) return SamlErrors.SloResponseUrlInvalid;
        return s.MetadataUrl is not null && !IsUrl(s.MetadataUrl) ? SamlErrors.MetadataUrlInvalid : null;
    }

    private static Kernel.Error? CheckNames(SamlSettings s)
    {
        if (s.SpEntityId is not null && !IsEntityId(s.SpEntityId)) return SamlErrors.SpEntityIdInvalid;
        if (s.EntityIdAliases.Count > MaxAliases || !s.EntityIdAliases.All(IsEntityId) || s.EntityIdAliases.Distinct().Count() != s.EntityIdAliases.Count) return SamlErrors.EntityIdAliasInvalid;
        if (s.Preset is not null && SamlPresets.Find(s.Preset) is null) return SamlErrors.PresetUnknown;
        if (!IsText(s.Subject, MaxName)) return SamlErrors.SubjectInvalid;
        if (new[] { s.Attributes.Email, s.Attributes.Name, s.Attributes.GivenName, s.Attributes.FamilyName }.Any(name => name is not null && !IsText(name, MaxName))) return SamlErrors.AttributeInvalid;
        if (s.NameIdFormat is not null && (!IsText(s.NameIdFormat, MaxName) || !s.NameIdFormat.StartsWith("urn:", StringComparison.Ordinal))) return SamlErrors.NameIdFormatInvalid;
        if (s is { NameIdFormat: Transient, Subject: SamlSettings.SubjectIsNameId or SamlSettings.SubjectIsEmailNameId }) return SamlErrors.NameIdTransient;
        if (s.RequestedContexts.Count > 10 || !s.RequestedContexts.All(c => IsText(c, MaxName))) return SamlErrors.ContextsInvalid;
        return s.IdpInitiatedApp is not null && !IsText(s.IdpInitiatedApp, 100) ? SamlErrors.AppInvalid : null;
    }
}
