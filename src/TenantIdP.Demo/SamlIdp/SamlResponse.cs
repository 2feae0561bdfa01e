using System.Xml;

namespace TenantIdP.Demo.SamlIdp;

/// <summary>Writes and signs answers to one application; without a request they are unsolicited (Profiles 4.1.5).</summary>
internal sealed class SamlResponse(SamlIdpState state, SamlServiceProvider provider, string? inResponseTo)
{
    private static readonly TimeSpan UsableFor = TimeSpan.FromMinutes(5);

    /// <summary>The assertion is signed, the response around it is not: what most providers do by default.</summary>
    public string SignedIn(SamlSession session)
    {
        var now = state.Clock.GetUtcNow();
        var document = SamlXml.Write(xml =>
        {
            xml.StartMessage("Response", state.EntityId, provider.Acs, inResponseTo, now);
            xml.Status(SamlNames.Success);
            Assertion(xml, session, now);
            xml.WriteEndElement();
        });
        state.Signing.Sign(document.DocumentElement!["Assertion", SamlNames.Assertion]!); // written above
        return document.OuterXml;
    }

    public string Refused(string code, string detail)
    {
        var document = SamlXml.Write(xml =>
        {
            xml.StartMessage("Response", state.EntityId, provider.Acs, inResponseTo, state.Clock.GetUtcNow());
            xml.Status(code, detail);
            xml.WriteEndElement();
        });
        state.Signing.Sign(document.DocumentElement!); // written above
        return document.OuterXml;
    }

    private void Assertion(XmlWriter xml, SamlSession session, DateTimeOffset now)
    {
        xml.WriteStartElement("saml", "Assertion", SamlNames.Assertion);
        xml.WriteAttributeString("ID", SamlXml.NewId());
        xml.WriteAttributeString("Version", "2.0");
        xml.WriteAttributeString("IssueInstant", SamlXml.Time(now));
        xml.WriteElementString("saml", "Issuer", SamlNames.Assertion, state.EntityId);
        Subject(xml, session, now + UsableFor);
        Conditions(xml, now);
        Authentication(xml, session);
        Attributes(xml, session);
        xml.WriteEndElement();
    }

    private void Subject(XmlWriter xml, SamlSession session, DateTimeOffset until)
    {
        xml.WriteStartElement("saml", "Subject", SamlNames.Assertion);
        xml.PersistentNameId(session.Person.Subject);
        xml.WriteStartElement("saml", "SubjectConfirmation", SamlNames.Assertion);
        xml.WriteAttributeString("Method", SamlNames.Bearer);
        xml.WriteStartElement("saml", "SubjectConfirmationData", SamlNames.Assertion);
        xml.WriteAttributeString("NotOnOrAfter", SamlXml.Time(until));
        xml.WriteAttributeString("Recipient", provider.Acs.AbsoluteUri);
        if (inResponseTo is not null) xml.WriteAttributeString("InResponseTo", inResponseTo);
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private void Conditions(XmlWriter xml, DateTimeOffset now)
    {
        xml.WriteStartElement("saml", "Conditions", SamlNames.Assertion);
        xml.WriteAttributeString("NotBefore", SamlXml.Time(now));
        xml.WriteAttributeString("NotOnOrAfter", SamlXml.Time(now + UsableFor));
        xml.WriteStartElement("saml", "AudienceRestriction", SamlNames.Assertion);
        xml.WriteElementString("saml", "Audience", SamlNames.Assertion, provider.EntityId);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void Authentication(XmlWriter xml, SamlSession session)
    {
        xml.WriteStartElement("saml", "AuthnStatement", SamlNames.Assertion);
        xml.WriteAttributeString("AuthnInstant", SamlXml.Time(session.SignedInAt));
        xml.WriteAttributeString("SessionIndex", session.Index);
        xml.WriteAttributeString("SessionNotOnOrAfter", SamlXml.Time(session.SignedInAt + SamlIdpState.SessionLifetime));
        xml.WriteStartElement("saml", "AuthnContext", SamlNames.Assertion);
        xml.WriteElementString("saml", "AuthnContextClassRef", SamlNames.Assertion, SamlNames.UnspecifiedContext);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void Attributes(XmlWriter xml, SamlSession session)
    {
        var person = session.Person;
        xml.WriteStartElement("saml", "AttributeStatement", SamlNames.Assertion);
        Attribute(xml, "email", person.Email);
        Attribute(xml, "firstName", person.GivenName);
        if (person.FamilyName.Length > 0) Attribute(xml, "lastName", person.FamilyName);
        // Without a value for somebody in no group: there and empty says more than absent.
        Attribute(xml, "groups", person.Groups);
        xml.WriteEndElement();
    }

    private static void Attribute(XmlWriter xml, string name, params IEnumerable<string> values)
    {
        xml.WriteStartElement("saml", "Attribute", SamlNames.Assertion);
        xml.WriteAttributeString("Name", name);
        xml.WriteAttributeString("NameFormat", SamlNames.BasicAttribute);
        foreach (var value in values) xml.WriteElementString("saml", "AttributeValue", SamlNames.Assertion, value);
        xml.WriteEndElement();
    }
}
