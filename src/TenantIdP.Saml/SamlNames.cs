namespace TenantIdP.Saml;

/// <summary>The identifiers that the standard gives (Core 8, Bindings 3, Authentication Context 3.4).</summary>
public static class SamlNames
{
    public const string ProtocolNamespace = "urn:oasis:names:tc:SAML:2.0:protocol";
    public const string AssertionNamespace = "urn:oasis:names:tc:SAML:2.0:assertion";
    public const string MetadataNamespace = "urn:oasis:names:tc:SAML:2.0:metadata";
    public const string SignatureNamespace = "http://www.w3.org/2000/09/xmldsig#";

    public const string RedirectBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
    public const string PostBinding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
    public const string DeflateEncoding = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";

    public const string UnspecifiedNameId = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
    public const string EmailNameId = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    public const string PersistentNameId = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    public const string TransientNameId = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    public const string EntityNameId = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";

    public const string SuccessStatus = "urn:oasis:names:tc:SAML:2.0:status:Success";
    public const string RequesterStatus = "urn:oasis:names:tc:SAML:2.0:status:Requester";
    public const string ResponderStatus = "urn:oasis:names:tc:SAML:2.0:status:Responder";
    public const string VersionMismatchStatus = "urn:oasis:names:tc:SAML:2.0:status:VersionMismatch";
    public const string AuthnFailedStatus = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed";
    public const string NoAuthnContextStatus = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext";
    public const string NoPassiveStatus = "urn:oasis:names:tc:SAML:2.0:status:NoPassive";
    public const string PartialLogoutStatus = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout";
    public const string RequestDeniedStatus = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied";
    public const string UnknownPrincipalStatus = "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal";

    public const string BearerConfirmation = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

    public const string PasswordContext = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    public const string PasswordProtectedTransportContext = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    public const string X509Context = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509";
    public const string KerberosContext = "urn:oasis:names:tc:SAML:2.0:ac:classes:Kerberos";
    public const string TimeSyncTokenContext = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken";
    public const string UnspecifiedContext = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";
    public const string RefedsMfaContext = "https://refeds.org/profile/mfa";
}
