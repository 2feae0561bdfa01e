using System.Security.Cryptography.Xml;
using System.Xml;

namespace TenantIdP.Demo.SamlIdp;

internal static class SamlMetadata
{
    /// <summary>Metadata 2.4.3: the children of IDPSSODescriptor in the order of its schema.</summary>
    public static string Of(SamlIdpState state) => SamlXml.Write(xml =>
    {
        xml.WriteStartElement("md", "EntityDescriptor", SamlNames.Metadata);
        xml.WriteAttributeString("entityID", state.EntityId);
        xml.WriteStartElement("md", "IDPSSODescriptor", SamlNames.Metadata);
        xml.WriteAttributeString("WantAuthnRequestsSigned", "false");
        xml.WriteAttributeString("protocolSupportEnumeration", SamlNames.Protocol);
        Certificate(xml, state.Signing.CertificateBase64);
        Service(xml, "SingleLogoutService", SamlNames.RedirectBinding, state.SloUrl);
        Service(xml, "SingleLogoutService", SamlNames.PostBinding, state.SloUrl);
        xml.WriteElementString("md", "NameIDFormat", SamlNames.Metadata, SamlNames.Persistent);
        Service(xml, "SingleSignOnService", SamlNames.RedirectBinding, state.SsoUrl);
        Service(xml, "SingleSignOnService", SamlNames.PostBinding, state.SsoUrl);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }).OuterXml;

    private static void Certificate(XmlWriter xml, string base64)
    {
        xml.WriteStartElement("md", "KeyDescriptor", SamlNames.Metadata);
        xml.WriteAttributeString("use", "signing");
        xml.WriteStartElement("ds", "KeyInfo", SignedXml.XmlDsigNamespaceUrl);
        xml.WriteStartElement("ds", "X509Data", SignedXml.XmlDsigNamespaceUrl);
        xml.WriteElementString("ds", "X509Certificate", SignedXml.XmlDsigNamespaceUrl, base64);
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void Service(XmlWriter xml, string name, string binding, string location)
    {
        xml.WriteStartElement("md", name, SamlNames.Metadata);
        xml.WriteAttributeString("Binding", binding);
        xml.WriteAttributeString("Location", location);
        xml.WriteEndElement();
    }
}
