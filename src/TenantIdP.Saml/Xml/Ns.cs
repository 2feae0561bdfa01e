namespace TenantIdP.Saml.Xml;

/// <summary>The namespaces and algorithm identifiers of XML security that are read; those of SAML, and of signatures, are in <see cref="SamlNames"/>.</summary>
internal static class Ns
{
    public const string Encryption = "http://www.w3.org/2001/04/xmlenc#";
    public const string Encryption11 = "http://www.w3.org/2009/xmlenc11#";
    public const string ExcC14N = "http://www.w3.org/2001/10/xml-exc-c14n#";
    public const string Enveloped = SamlNames.SignatureNamespace + "enveloped-signature";
}
