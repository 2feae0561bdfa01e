using System.Xml;
using TenantIdP.Saml.Responses;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Logout;

/// <summary>Writes logout messages, to be signed by the binding that carries them.</summary>
public static class LogoutWriter
{
    public static string Write(LogoutRequest request) => Markup.Write(writer =>
    {
        Markup.StartMessage(writer, "LogoutRequest", request.Id, request.IssueInstant, request.Destination);
        if (request.NotOnOrAfter is { } end) writer.WriteAttributeString("NotOnOrAfter", Elements.Say(end));
        Markup.Issuer(writer, request.Issuer);
        WriteNameId(writer, request.NameId);
        foreach (var index in request.SessionIndexes) writer.WriteElementString("samlp", "SessionIndex", SamlNames.ProtocolNamespace, index);
        writer.WriteEndElement();
    });

    public static string Write(LogoutResponse response) => Markup.Write(writer =>
    {
        Markup.StartMessage(writer, "LogoutResponse", response.Id, response.IssueInstant, response.Destination);
        writer.WriteAttributeString("InResponseTo", response.InResponseTo);
        Markup.Issuer(writer, response.Issuer);
        writer.WriteStartElement("samlp", "Status", SamlNames.ProtocolNamespace);
        writer.WriteStartElement("samlp", "StatusCode", SamlNames.ProtocolNamespace);
        writer.WriteAttributeString("Value", response.Status);
        if (response.SubStatus is { } second)
        {
            writer.WriteStartElement("samlp", "StatusCode", SamlNames.ProtocolNamespace);
            writer.WriteAttributeString("Value", second);
            writer.WriteEndElement();
        }

        writer.WriteEndElement();
        writer.WriteEndElement();
        writer.WriteEndElement();
    });

    /// <summary>As the identity provider gave it: qualifiers that are left out or added make it another name.</summary>
    private static void WriteNameId(XmlWriter writer, SamlNameId name)
    {
        writer.WriteStartElement("saml", "NameID", SamlNames.AssertionNamespace);
        if (name.NameQualifier is { } qualifier) writer.WriteAttributeString("NameQualifier", qualifier);
        if (name.SpNameQualifier is { } ours) writer.WriteAttributeString("SPNameQualifier", ours);
        if (name.Format is { } format) writer.WriteAttributeString("Format", format);
        writer.WriteString(name.Value);
        writer.WriteEndElement();
    }
}
