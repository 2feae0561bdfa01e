namespace TenantIdP.Saml.Metadata;

/// <summary>The rules that the metadata of an identity provider is held to.</summary>
public static class MetadataChecks
{
    public static readonly SamlRule Document = new("metadata_document", "Metadata 2.3",
        "Give the identity provider's metadata as it is: XML that begins with EntityDescriptor or EntitiesDescriptor, not a web page about it.");

    public static readonly SamlRule Unreadable = new("metadata_unreadable", "ours", "Report this document to the operator of this server.");

    public static readonly SamlRule Role = new("metadata_role", "Metadata 2.4.3",
        "Give the metadata of an identity provider that speaks SAML 2.0. This may be that of an application (a service provider).");

    public static readonly SamlRule Entity = new("metadata_entity", "Metadata 2.3.2", "Say which identity provider of the document is meant, by its entity ID.");

    public static readonly SamlRule ValidUntil = new("metadata_valid_until", "Metadata 2.3.2", "The metadata is past its end. Get the current one from the identity provider.");

    public static readonly SamlRule Certificate = new("metadata_certificate", "Metadata 2.4.1.1",
        "Have the identity provider publish its signing certificate: X.509, with an RSA key of 2048 bits or more, or an ECDSA key of 256.");

    public static readonly SamlRule Endpoint = new("metadata_endpoint", "Metadata 2.4.3",
        "Have the identity provider publish a sign-in address (https) for the HTTP-Redirect or the HTTP-POST binding.");
}
