using System.Text;
using System.Xml;
using TenantIdP.Saml.Signatures;
using Xunit;

namespace TenantIdP.Saml.Tests.Signatures;

public sealed class CanonicalTests
{
    [Theory]
    [InlineData(null, "<p:b xmlns:p=\"urn:p\" a=\"1\" z=\"2\"><c xmlns=\"urn:d\"></c></p:b>")]
    [InlineData("q", "<p:b xmlns:p=\"urn:p\" xmlns:q=\"urn:q\" a=\"1\" z=\"2\"><c xmlns=\"urn:d\"></c></p:b>")]
    public void What_ancestors_declare_is_written_where_it_is_used_or_listed(string? prefixes, string expected)
    {
        var root = OurKey.Parse("<a xmlns='urn:d' xmlns:p='urn:p' xmlns:q='urn:q' xmlns:r='urn:r'><p:b z='2' a='1'><c/><left/></p:b></a>");
        var element = (XmlElement)root.FirstChild!; // as written above

        Assert.Equal(expected, Encoding.UTF8.GetString(Canonical.Bytes(element, (XmlElement)element.LastChild!, prefixes))); // as above
    }

    [Theory, MemberData(nameof(GenuineResponseTests.All), MemberType = typeof(GenuineResponseTests))]
    public void Genuine_signatures_verify_and_not_with_another_key(string name)
    {
        var genuine = GenuineResponse.Read(name);
        var root = OurKey.Parse(Encoding.UTF8.GetString(genuine.Sent));
        var signed = root.ChildNodes.OfType<XmlElement>().Prepend(root).Where(e => EnvelopedSignature.Of(e).Count > 0).ToList();
        Assert.True(signed.Count > 0 || genuine.IsEncrypted);
        var policy = new SignaturePolicy(genuine.Needs == "sha1", Xml.XmlLimits.Message) { Now = genuine.ValidAt };
        using var other = OurKey.Make();

        foreach (var element in signed)
        {
            var checks = new CheckList();
            Assert.True(EnvelopedSignature.TryVerify(element, genuine.Certificates, policy, checks, out var read, out var signer), checks.All[^1].Seen);
            Assert.Equal((element.LocalName, 0, genuine.Certificates[0].Thumbprint), (read.LocalName, EnvelopedSignature.Of(read).Count, signer.Thumbprint));
            Assert.False(EnvelopedSignature.TryVerify(element, [other.Certificate], policy, new CheckList(), out _, out _));
        }
    }
}
