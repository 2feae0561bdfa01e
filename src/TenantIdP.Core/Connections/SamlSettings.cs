namespace TenantIdP.Core.Connections;

public enum SamlBinding
{
    Redirect,
    Post,
}

/// <summary>Where a person's facts are in the assertion. Null means the names that identity providers commonly use for it.</summary>
public sealed record SamlAttributeNames(string? Email = null, string? Name = null, string? GivenName = null, string? FamilyName = null);

/// <summary>What an admin sets on a SAML connection; the entity id of the identity provider is the connection's <see cref="Connection.Issuer"/>, its certificates are rows of their own.</summary>
public sealed record SamlSettings(string SsoUrl, SamlBinding SsoBinding = SamlBinding.Redirect)
{
    /// <summary>The subject is the NameID, which must not be an address; what is neither this nor the next is the name of an attribute that never changes for a person.</summary>
    public const string SubjectIsNameId = "nameid";

    /// <summary>The same, and an address is accepted for it: for identity providers that send nothing else, where nobody gets the address of somebody who left.</summary>
    public const string SubjectIsEmailNameId = "nameid_email";

    /// <summary>Single logout; null when the identity provider has none.</summary>
    public string? SloUrl { get; init; }

    public SamlBinding SloBinding { get; init; }

    /// <summary>Where answers to its logout requests go, when that is elsewhere.</summary>
    public string? SloResponseUrl { get; init; }

    /// <summary>Read again on schedule; null when the metadata was pasted.</summary>
    public string? MetadataUrl { get; init; }

    /// <summary>Who we are to this identity provider; null means the connection's metadata address.</summary>
    public string? SpEntityId { get; init; }

    /// <summary>Further names of ours that its audiences may have, from before a migration.</summary>
    public IReadOnlyList<string> EntityIdAliases { get; init; } = [];

    /// <summary>Which of <see cref="SamlPresets"/> the connection was made from.</summary>
    public string? Preset { get; init; }

    public string Subject { get; init; } = SubjectIsNameId;
    public SamlAttributeNames Attributes { get; init; } = new();

    public bool SignRequests { get; init; }

    /// <summary>Asked for in the request; null asks for nothing (SAML.md: what ADFS and Entra ID are happiest with).</summary>
    public string? NameIdFormat { get; init; }

    /// <summary>Authentication contexts to ask for, exactly; none by default, because Entra ID refuses people with MFA otherwise (AADSTS75011).</summary>
    public IReadOnlyList<string> RequestedContexts { get; init; } = [];

    /// <summary>Tell the identity provider the address that was typed.</summary>
    public bool SendLoginHint { get; init; }

    public bool AllowSha1 { get; init; }
    public bool AllowAesCbc { get; init; }
    public bool RequireEncryption { get; init; }

    /// <summary>Refuse what is signed by a pinned certificate past its end. Off: the key is pinned, and many identity providers sign on for weeks.</summary>
    public bool RefuseExpiredCertificates { get; init; }

    /// <summary>The client id of the app that an unsolicited answer starts a sign-in at; null refuses unsolicited answers.</summary>
    public string? IdpInitiatedApp { get; init; }
}
