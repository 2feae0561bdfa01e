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
}
