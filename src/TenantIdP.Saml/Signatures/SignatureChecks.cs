namespace TenantIdP.Saml.Signatures;

/// <summary>The rules of XML signatures (Core 5.4 and the safe profile of it that this product keeps to).</summary>
public static class SignatureChecks
{
    public static readonly SamlRule Place = new("signature_place", "Core 5.4.1", "The identity provider must sign the response or the assertion itself. If a proxy changes its messages, take it out of the way.");
    public static readonly SamlRule Shape = new("signature_shape", "XMLDSig 4", "The signature is not built as SAML asks. Update the identity provider's SAML module.");
    public static readonly SamlRule Method = new("signature_method", "XMLDSig 6.4", "Set the identity provider to sign with RSA-SHA256 (or stronger, or ECDSA).");
    public static readonly SamlRule Reference = new("signature_reference", "Core 5.4.2", "The signature must cover exactly the element that it stands in. Update the identity provider's SAML module.");
    public static readonly SamlRule Transforms = new("signature_transforms", "Core 5.4.4", "Set the identity provider to enveloped signatures with exclusive canonicalisation.");
    public static readonly SamlRule DigestMethod = new("digest_method", "XMLDSig 6.2", "Set the identity provider to digest with SHA-256 or stronger.");
    public static readonly SamlRule Digest = new("digest_value", "XMLDSig 3.2.1", "The message was changed after it was signed. Look for a proxy, or a plug-in of the identity provider, that edits it.");

    public static readonly SamlRule Value = new("signature_value", "XMLDSig 3.2.2",
        "The message is not signed with a certificate of this connection. Import the identity provider's metadata again, or add its new signing certificate.");

    public static readonly SamlRule Expired = new("certificate_expired", "ours", "The identity provider signs with a certificate past its end. Have it renewed there, then add the new one here.");
}
