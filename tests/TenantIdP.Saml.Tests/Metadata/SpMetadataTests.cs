using System.Xml;
using TenantIdP.Saml.Metadata;
using Xunit;

namespace TenantIdP.Saml.Tests.Metadata;

public sealed class SpMetadataTests
{
    [Fact]
    public void It_has_its_parts_in_the_order_of_the_schema()
    {
        using var current = OurKey.Make();
        using var next = OurKey.Make();
        var root = OurKey.Parse(SpMetadataWriter.Write(
            new SpMetadata
            {
                EntityId = "https://sp.example.test/metadata", AcsUrls = ["https://sp.example.test/acs", "https://old.example.test/acs"], SloUrls = ["https://sp.example.test/slo"],
                SigningCertificates = [current.Certificate, next.Certificate], EncryptionCertificates = [current.Certificate], AuthnRequestsSigned = true,
                NameIdFormats = [SamlNames.PersistentNameId], ValidUntil = OurKey.Now,
            },
            null));

        Assert.Equal(("https://sp.example.test/metadata", "2026-11-26T12:00:00Z", ""), (root.GetAttribute("entityID"), root.GetAttribute("validUntil"), root.GetAttribute("ID")));
        var role = Assert.Single(root.ChildNodes.OfType<XmlElement>());
        Assert.Equal(("true", "true", SamlNames.ProtocolNamespace), (role.GetAttribute("AuthnRequestsSigned"), role.GetAttribute("WantAssertionsSigned"), role.GetAttribute("protocolSupportEnumeration")));
        Assert.Equal(
            ["KeyDescriptor", "KeyDescriptor", "KeyDescriptor", "SingleLogoutService", "SingleLogoutService", "NameIDFormat", "AssertionConsumerService", "AssertionConsumerService"],
            role.ChildNodes.OfType<XmlElement>().Select(e => e.LocalName));
        Assert.Equal(["signing", "signing", "encryption"], Named(role, "KeyDescriptor").Select(e => e.GetAttribute("use")));
        Assert.Equal(
            new[] { current, next, current }.Select(k => Convert.ToBase64String(k.Certificate.Der.Span)),
            role.GetElementsByTagName("X509Certificate", SamlNames.SignatureNamespace).OfType<XmlElement>().Select(e => e.InnerText));
        Assert.Equal(
            [("https://sp.example.test/acs", "0", "true"), ("https://old.example.test/acs", "1", "false")],
            Named(role, "AssertionConsumerService").Select(e => (e.GetAttribute("Location"), e.GetAttribute("index"), e.GetAttribute("isDefault"))));
        Assert.Equal([SamlNames.RedirectBinding, SamlNames.PostBinding], Named(role, "SingleLogoutService").Select(e => e.GetAttribute("Binding")));
    }

    [Fact]
    public void A_signed_one_verifies_elsewhere_and_has_the_signature_first()
    {
        using var key = OurKey.Make();

        var xml = SpMetadataWriter.Write(new SpMetadata { EntityId = "https://sp.example.test", AcsUrls = ["https://sp.example.test/acs"], SigningCertificates = [key.Certificate] }, key);

        Assert.True(OurKey.IsSigned(xml, key.Certificate));
        Assert.Equal(["Signature", "SPSSODescriptor"], OurKey.Parse(xml).ChildNodes.OfType<XmlElement>().Select(e => e.LocalName));
    }

    private static IEnumerable<XmlElement> Named(XmlElement role, string name) => role.ChildNodes.OfType<XmlElement>().Where(e => e.LocalName == name);
}
