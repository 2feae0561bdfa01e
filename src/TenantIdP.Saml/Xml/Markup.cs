using System.Text;
using System.Xml;

namespace TenantIdP.Saml.Xml;

/// <summary>Writing: one line without a declaration, so that what is signed is what is sent.</summary>
internal static class Markup
{
    public static string Write(Action<XmlWriter> body)
    {
        var text = new StringBuilder();
        using (var writer = XmlWriter.Create(text, new XmlWriterSettings { OmitXmlDeclaration = true, CheckCharacters = true })) body(writer);
        return text.ToString();
    }

    /// <summary>Whether XML has a way to say it.</summary>
    public static bool IsWritable(string text) => text.All(XmlConvert.IsXmlChar);

    /// <summary>What all messages begin with (Core 3.2.1, 3.2.2); more attributes may follow.</summary>
    public static void StartMessage(XmlWriter writer, string name, string id, DateTimeOffset issueInstant, string destination)
    {
        writer.WriteStartElement("samlp", name, SamlNames.ProtocolNamespace);
        writer.WriteAttributeString("xmlns", "saml", null, SamlNames.AssertionNamespace);
        writer.WriteAttributeString("ID", id);
        writer.WriteAttributeString("Version", "2.0");
        writer.WriteAttributeString("IssueInstant", Elements.Say(issueInstant));
        writer.WriteAttributeString("Destination", destination);
    }

    public static void Issuer(XmlWriter writer, string issuer) => writer.WriteElementString("saml", "Issuer", SamlNames.AssertionNamespace, issuer);
}
