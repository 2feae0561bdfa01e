using System.Xml;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Requests;

public static class AuthnRequestWriter
{
    private const int LongestHint = 254;

    /// <exception cref="ArgumentException">A text other than the hint has a character that XML can't carry.</exception>
    public static string Write(AuthnRequest request) => Markup.Write(writer =>
    {
        Markup.StartMessage(writer, "AuthnRequest", request.Id, request.IssueInstant, request.Destination);
        if (request.ForceAuthn) writer.WriteAttributeString("ForceAuthn", "true");
        writer.WriteAttributeString("AssertionConsumerServiceURL", request.AcsUrl);
        writer.WriteAttributeString("ProtocolBinding", SamlNames.PostBinding);
        Markup.Issuer(writer, request.Issuer);
        WriteSubject(writer, request.LoginHint);
        writer.WriteStartElement("samlp", "NameIDPolicy", SamlNames.ProtocolNamespace);
        if (request.NameIdFormat is { } format) writer.WriteAttributeString("Format", format);
        writer.WriteAttributeString("AllowCreate", "true");
        writer.WriteEndElement();
        WriteContexts(writer, request.RequestedContexts);
        WriteScoping(writer, request.IdpEntries);
        writer.WriteEndElement();
    });

    /// <summary>Anybody may have typed the hint: what can't be an address is left out, for it is no reason not to sign in.</summary>
    private static void WriteSubject(XmlWriter writer, string? hint)
    {
        if (hint is null or { Length: 0 or > LongestHint } || !Markup.IsWritable(hint)) return;
        writer.WriteStartElement("saml", "Subject", SamlNames.AssertionNamespace);
        writer.WriteStartElement("saml", "NameID", SamlNames.AssertionNamespace);
        writer.WriteAttributeString("Format", SamlNames.EmailNameId);
        writer.WriteString(hint);
        writer.WriteEndElement();
        writer.WriteEndElement();
    }

    private static void WriteContexts(XmlWriter writer, IReadOnlyList<string> contexts)
    {
        if (contexts.Count == 0) return;
        writer.WriteStartElement("samlp", "RequestedAuthnContext", SamlNames.ProtocolNamespace);
        writer.WriteAttributeString("Comparison", "exact");
        foreach (var context in contexts) writer.WriteElementString("saml", "AuthnContextClassRef", SamlNames.AssertionNamespace, context);
        writer.WriteEndElement();
    }

    /// <summary>Core 3.4.1.2; without a ProxyCount, which would limit how often the request may be passed on.</summary>
    private static void WriteScoping(XmlWriter writer, IReadOnlyList<string> entries)
    {
        if (entries.Count == 0) return;
        writer.WriteStartElement("samlp", "Scoping", SamlNames.ProtocolNamespace);
        writer.WriteStartElement("samlp", "IDPList", SamlNames.ProtocolNamespace);
        foreach (var entry in entries)
        {
            writer.WriteStartElement("samlp", "IDPEntry", SamlNames.ProtocolNamespace);
            writer.WriteAttributeString("ProviderID", entry);
            writer.WriteEndElement();
        }

        writer.WriteEndElement();
        writer.WriteEndElement();
    }
}
