using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml;

namespace TenantIdP.Demo.SamlIdp;

internal static class SamlXml
{
    public static string NewId() => $"_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20))}";

    public static string Time(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Read back from text, so that what is signed is what a recipient will parse.</summary>
    public static XmlDocument Write(Action<XmlWriter> content)
    {
        var text = new StringBuilder();
        using (var writer = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true })) content(writer);

        var document = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        using var reader = XmlReader.Create(new StringReader(text.ToString()), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
        document.Load(reader);
        return document;
    }

    /// <summary>The start of every protocol message (Core 3.2.1, 3.2.2), its issuer included; the caller ends the element.</summary>
    public static void StartMessage(this XmlWriter xml, string name, string issuer, Uri destination, string? inResponseTo, DateTimeOffset now)
    {
        xml.WriteStartElement("samlp", name, SamlNames.Protocol);
        xml.WriteAttributeString("xmlns", "saml", null, SamlNames.Assertion);
        xml.WriteAttributeString("ID", NewId());
        xml.WriteAttributeString("Version", "2.0");
        xml.WriteAttributeString("IssueInstant", Time(now));
        xml.WriteAttributeString("Destination", destination.AbsoluteUri);
        if (inResponseTo is not null) xml.WriteAttributeString("InResponseTo", inResponseTo);
        xml.WriteElementString("saml", "Issuer", SamlNames.Assertion, issuer);
    }

    public static void Status(this XmlWriter xml, string code, string? detail = null)
    {
        xml.WriteStartElement("samlp", "Status", SamlNames.Protocol);
        xml.WriteStartElement("samlp", "StatusCode", SamlNames.Protocol);
        xml.WriteAttributeString("Value", code);
        if (detail is not null)
        {
            xml.WriteStartElement("samlp", "StatusCode", SamlNames.Protocol);
            xml.WriteAttributeString("Value", detail);
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    public static void PersistentNameId(this XmlWriter xml, string subject)
    {
        xml.WriteStartElement("saml", "NameID", SamlNames.Assertion);
        xml.WriteAttributeString("Format", SamlNames.Persistent);
        xml.WriteString(subject);
        xml.WriteEndElement();
    }
}
