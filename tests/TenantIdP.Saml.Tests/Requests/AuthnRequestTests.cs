using System.Xml;
using TenantIdP.Saml.Requests;
using Xunit;

namespace TenantIdP.Saml.Tests.Requests;

public sealed class AuthnRequestTests
{
    private static readonly AuthnRequest Plain = new()
    {
        Id = "_0123456789abcdef0123456789abcdef",
        Issuer = "https://login.example.test/sso/saml/con_1/metadata",
        Destination = "https://idp.example.test/sso?a=1&b=2",
        AcsUrl = "https://login.example.test/sso/saml/con_1/acs",
        IssueInstant = new DateTimeOffset(2026, 11, 26, 14, 30, 5, 250, TimeSpan.FromHours(2)),
    };

    private static readonly AuthnRequest Full = Plain with
    {
        ForceAuthn = true,
        NameIdFormat = SamlNames.PersistentNameId,
        RequestedContexts = [SamlNames.PasswordProtectedTransportContext, SamlNames.RefedsMfaContext],
        IdpEntries = ["https://idp-1.example.test", "urn:idp:2&<"],
        LoginHint = "ann@example.test",
    };

    [Fact]
    public void A_plain_request_says_who_asks_whom_and_where_to_answer() => Assert.Equal(
        """
        <samlp:AuthnRequest xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_0123456789abcdef0123456789abcdef" Version="2.0" IssueInstant="2026-11-26T12:30:05Z" Destination="https://idp.example.test/sso?a=1&amp;b=2" AssertionConsumerServiceURL="https://login.example.test/sso/saml/con_1/acs" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"><saml:Issuer>https://login.example.test/sso/saml/con_1/metadata</saml:Issuer><samlp:NameIDPolicy AllowCreate="true" /></samlp:AuthnRequest>
        """,
        AuthnRequestWriter.Write(Plain));

    [Fact]
    public void A_full_request_has_its_parts_in_the_order_of_the_schema()
    {
        var root = OurKey.Parse(AuthnRequestWriter.Write(Full));

        Assert.Equal("true", root.GetAttribute("ForceAuthn"));
        Assert.Equal(["Issuer", "Subject", "NameIDPolicy", "RequestedAuthnContext", "Scoping"], root.ChildNodes.OfType<XmlElement>().Select(e => e.LocalName));
        var (subject, policy, contexts) = (root.ChildNodes[1]!, (XmlElement)root.ChildNodes[2]!, (XmlElement)root.ChildNodes[3]!); // five, as just seen
        Assert.Equal("ann@example.test", subject.InnerText);
        Assert.Equal(SamlNames.EmailNameId, ((XmlElement)subject.FirstChild!).GetAttribute("Format")); // it has a text
        Assert.Equal(SamlNames.PersistentNameId, policy.GetAttribute("Format"));
        Assert.Equal("exact", contexts.GetAttribute("Comparison"));
        Assert.Equal(Full.RequestedContexts, contexts.ChildNodes.OfType<XmlElement>().Select(e => e.InnerText));
        var list = Assert.Single(root.ChildNodes[4]!.ChildNodes.OfType<XmlElement>()); // as above
        Assert.Equal(("IDPList", SamlNames.ProtocolNamespace), (list.LocalName, list.NamespaceURI));
        Assert.Equal(Full.IdpEntries, list.ChildNodes.OfType<XmlElement>().Where(e => e.LocalName == "IDPEntry").Select(e => e.GetAttribute("ProviderID")));
    }

    [Theory]
    [InlineData("</saml:NameID><x/>", true)]
    [InlineData("a\u0000b", false)]
    [InlineData("a\uFFFEb", false)]
    [InlineData("", false)]
    [Trait("Attack", "I")]
    public void A_hint_never_becomes_markup_and_is_left_out_when_xml_can_not_say_it(string hint, bool isWritten)
    {
        var root = OurKey.Parse(AuthnRequestWriter.Write(Plain with { LoginHint = hint }));

        var subjects = root.GetElementsByTagName("Subject", SamlNames.AssertionNamespace);
        Assert.Equal(isWritten ? 1 : 0, subjects.Count);
        if (isWritten) Assert.Equal(hint, subjects[0]!.InnerText); // counted
    }

    /// <summary>Not a row of the theory: attributes can't hold half a character.</summary>
    [Fact]
    [Trait("Attack", "I")]
    public void Half_a_character_is_no_hint() => Assert.DoesNotContain("Subject", AuthnRequestWriter.Write(Plain with { LoginHint = "a\uD800" }), StringComparison.Ordinal);

    [Fact]
    public void Ids_are_names_of_128_random_bits()
    {
        var ids = Enumerable.Range(0, 100).Select(_ => RequestIds.New()).ToList();

        Assert.All(ids, id => Assert.Matches("^_[0-9a-f]{32}$", id));
        Assert.Equal(100, ids.Distinct().Count());
    }
}
