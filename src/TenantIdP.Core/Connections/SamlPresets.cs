namespace TenantIdP.Core.Connections;

/// <summary>What a vendor's identity provider sends unless it is told otherwise.</summary>
/// <param name="Id">In the API, and the name of the page under docs/connect.</param>
/// <param name="NameIdFormat">Asked for; null asks for nothing.</param>
/// <param name="SsoBinding">When neither the caller nor the metadata says which.</param>
public sealed record SamlPreset(string Id, string DisplayName, string Subject, SamlAttributeNames Attributes, string? NameIdFormat = null, SamlBinding SsoBinding = SamlBinding.Redirect, bool SignRequests = false)
{
    public string Docs => $"docs/connect/{Id.Replace('_', '-')}.md";
}

/// <summary>Starting points (SAML.md section 3). Each value may be set otherwise on the connection.</summary>
public static class SamlPresets
{
    private const string Claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";
    private const string Persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    private const string Email = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

    private static readonly SamlAttributeNames Plain = new("email", "displayName", "firstName", "lastName");

    public static IReadOnlyList<SamlPreset> All { get; } =
    [
        // The NameID is the UPN, which changes with a marriage; the object id never does. Asking for a format makes Entra rewrite the NameID.
        new("entra_id", "Microsoft Entra ID", "http://schemas.microsoft.com/identity/claims/objectidentifier",
            new($"{Claims}emailaddress", "http://schemas.microsoft.com/identity/claims/displayname", $"{Claims}givenname", $"{Claims}surname")),
        // These four send an address unless somebody chooses otherwise there.
        new("okta", "Okta", SamlSettings.SubjectIsEmailNameId, Plain),
        new("google_workspace", "Google Workspace", SamlSettings.SubjectIsEmailNameId, Plain, Email),

        // A format that no claim rule issues is answered with InvalidNameIDPolicy.
        new("adfs", "Microsoft AD FS", SamlSettings.SubjectIsNameId, new($"{Claims}emailaddress", $"{Claims}name", $"{Claims}givenname", $"{Claims}surname")),
        new("onelogin", "OneLogin", SamlSettings.SubjectIsEmailNameId, Plain),
        new("pingfederate", "PingFederate", SamlSettings.SubjectIsNameId, Plain, SsoBinding: SamlBinding.Post, SignRequests: true),

        // The default NameID is transient: another one at each sign-in.
        new("shibboleth", "Shibboleth", SamlSettings.SubjectIsNameId,
            new("urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:2.16.840.1.113730.3.1.241", "urn:oid:2.5.4.42", "urn:oid:2.5.4.4"), Persistent, SignRequests: true),
        new("jumpcloud", "JumpCloud", SamlSettings.SubjectIsEmailNameId, new("email", null, "firstname", "lastname")),
    ];

    public static SamlPreset? Find(string? id) => All.FirstOrDefault(p => p.Id == id);
}
