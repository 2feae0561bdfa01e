using System.Xml;
using TenantIdP.Saml.Requests;
using TenantIdP.Saml.Signatures;
using Xunit;

namespace TenantIdP.Saml.Tests.Signatures;

public sealed class XmlSignerTests
{
    private static readonly AuthnRequest Request = new()
    {
        Id = RequestIds.New(), Issuer = "https://sp.example.test", Destination = "https://idp.example.test/sso", AcsUrl = "https://sp.example.test/acs", IssueInstant = OurKey.Now,
        LoginHint = "Ännchen & <Co>\r\n@example.test",
    };

    [Fact]
    public void A_signed_message_verifies_elsewhere_and_has_the_signature_after_its_issuer()
    {
        using var key = OurKey.Make();

        var signed = XmlSigner.Sign(AuthnRequestWriter.Write(Request), key);

        Assert.True(OurKey.IsSigned(signed, key.Certificate));
        Assert.Equal(["Issuer", "Signature", "Subject", "NameIDPolicy"], OurKey.Parse(signed).ChildNodes.OfType<XmlElement>().Select(e => e.LocalName));
    }

    [Fact]
    public void It_does_not_verify_with_another_key_or_after_a_change()
    {
        using var key = OurKey.Make();
        using var other = OurKey.Make();

        var signed = XmlSigner.Sign(AuthnRequestWriter.Write(Request), key);

        Assert.False(OurKey.IsSigned(signed, other.Certificate));
        Assert.False(OurKey.IsSigned(signed.Replace("sp.example.test/acs", "evil.example.test/acs", StringComparison.Ordinal), key.Certificate));
    }

    [Fact]
    public void It_names_strong_algorithms_and_the_certificate()
    {
        using var key = OurKey.Make();

        var root = OurKey.Parse(XmlSigner.Sign(AuthnRequestWriter.Write(Request), key));

        Assert.Equal(
            [
                "http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
                "http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/2001/04/xmlenc#sha256",
            ],
            root.SelectNodes("//@Algorithm")!.OfType<XmlAttribute>().Select(a => a.Value)); // never null
        Assert.Equal(Convert.ToBase64String(key.Certificate.Der.Span), root.GetElementsByTagName("X509Certificate", SamlNames.SignatureNamespace)[0]?.InnerText);
    }

    [Theory, InlineData("<a/>"), InlineData("<a ID=''/>"), InlineData("<!DOCTYPE a []><a ID='b'/>")]
    public void What_has_no_id_or_is_not_ours_is_not_signed(string xml)
    {
        using var key = OurKey.Make();

        Assert.Throws<ArgumentException>(() => XmlSigner.Sign(xml, key));
    }
}
