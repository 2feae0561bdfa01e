using System.Globalization;
using System.Xml;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Requests;
using TenantIdP.Saml.Signatures;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Metadata;

/// <summary>Writes our metadata, its parts in the order that the schema wants (Metadata 2.3.2, 2.4.2, 2.4.4).</summary>
public static class SpMetadataWriter
{
    /// <summary>Said aloud, because some identity providers encrypt with CBC unless they read otherwise.</summary>
    private static readonly string[] EncryptionMethods =
    [
        Ns.Encryption11 + "aes256-gcm", Ns.Encryption11 + "aes128-gcm", Ns.Encryption + "rsa-oaep-mgf1p",
    ];

    /// <param name="signingKey">Null leaves it unsigned.</param>
    public static string Write(SpMetadata metadata, SamlKeyPair? signingKey)
    {
        var xml = Markup.Write(writer =>
        {
            writer.WriteStartElement("md", "EntityDescriptor", SamlNames.MetadataNamespace);
            if (signingKey is not null) writer.WriteAttributeString("ID", RequestIds.New());
            writer.WriteAttributeString("entityID", metadata.EntityId);
            if (metadata.ValidUntil is { } until) writer.WriteAttributeString("validUntil", Elements.Say(until));
            WriteRole(writer, metadata);
            writer.WriteEndElement();
        });
        return signingKey is null ? xml : XmlSigner.Sign(xml, signingKey);
    }

    private static void WriteRole(XmlWriter writer, SpMetadata metadata)
    {
        Start(writer, "SPSSODescriptor");
        writer.WriteAttributeString("AuthnRequestsSigned", XmlConvert.ToString(metadata.AuthnRequestsSigned));
        writer.WriteAttributeString("WantAssertionsSigned", XmlConvert.ToString(metadata.WantAssertionsSigned));
        writer.WriteAttributeString("protocolSupportEnumeration", SamlNames.ProtocolNamespace);
        foreach (var certificate in metadata.SigningCertificates) WriteKey(writer, "signing", certificate, []);
        foreach (var certificate in metadata.EncryptionCertificates) WriteKey(writer, "encryption", certificate, EncryptionMethods);
        foreach (var url in metadata.SloUrls)
        {
            WriteEndpoint(writer, "SingleLogoutService", SamlNames.RedirectBinding, url, null);
            WriteEndpoint(writer, "SingleLogoutService", SamlNames.PostBinding, url, null);
        }

        foreach (var format in metadata.NameIdFormats) writer.WriteElementString("md", "NameIDFormat", SamlNames.MetadataNamespace, format);
        for (var i = 0; i < metadata.AcsUrls.Count; i++) WriteEndpoint(writer, "AssertionConsumerService", SamlNames.PostBinding, metadata.AcsUrls[i], i);
        writer.WriteEndElement();
    }

    private static void WriteKey(XmlWriter writer, string use, SamlCertificate certificate, string[] methods)
    {
        Start(writer, "KeyDescriptor");
        writer.WriteAttributeString("use", use);
        writer.WriteStartElement("ds", "KeyInfo", SamlNames.SignatureNamespace);
        writer.WriteStartElement("ds", "X509Data", SamlNames.SignatureNamespace);
        writer.WriteElementString("ds", "X509Certificate", SamlNames.SignatureNamespace, Convert.ToBase64String(certificate.Der.Span));
        writer.WriteEndElement();
        writer.WriteEndElement();
        foreach (var method in methods)
        {
            Start(writer, "EncryptionMethod");
            writer.WriteAttributeString("Algorithm", method);
            writer.WriteEndElement();
        }

        writer.WriteEndElement();
    }

    /// <param name="index">For indexed endpoints (Metadata 2.2.3); the first one is the default.</param>
    private static void WriteEndpoint(XmlWriter writer, string name, string binding, string location, int? index)
    {
        Start(writer, name);
        writer.WriteAttributeString("Binding", binding);
        writer.WriteAttributeString("Location", location);
        if (index is { } number)
        {
            writer.WriteAttributeString("index", number.ToString(CultureInfo.InvariantCulture));
            writer.WriteAttributeString("isDefault", XmlConvert.ToString(number == 0));
        }

        writer.WriteEndElement();
    }

    private static void Start(XmlWriter writer, string name) => writer.WriteStartElement("md", name, SamlNames.MetadataNamespace);
}
