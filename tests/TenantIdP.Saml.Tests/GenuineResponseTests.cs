using System.Security.Cryptography.Xml;
using System.Text;
using System.Xml;
using TenantIdP.Saml.Xml;
using Xunit;

namespace TenantIdP.Saml.Tests;

/// <summary>What SimpleSAMLphp and samlp really send.</summary>
public sealed class GenuineResponseTests
{
    public static TheoryData<string> All => [.. GenuineResponse.Names];

    [Fact]
    public void There_are_ten_of_two_programs() => Assert.Equal([("samlp", 5), ("simplesamlphp", 5)], GenuineResponse.Names.GroupBy(n => n.Split('/')[0]).Select(g => (g.Key, g.Count())));

    /// <summary>By another implementation than ours: a fixture that git or an editor changed is not genuine any more.</summary>
    [Theory, MemberData(nameof(All))]
    public void It_is_as_it_was_signed(string name)
    {
        var genuine = GenuineResponse.Read(name);
        Assert.True(SafeXml.TryParse(Encoding.UTF8.GetString(genuine.Sent), XmlLimits.Message, out var document, out _));
        var signatures = document!.GetElementsByTagName("Signature", SignedXml.XmlDsigNamespaceUrl).OfType<XmlElement>().ToList();

        var rsa = Assert.Single(genuine.Certificates).Rsa;
        foreach (var signature in signatures)
        {
            var signed = new SignedXml((XmlElement)signature.ParentNode!); // an element's child
            signed.LoadXml(signature);
            Assert.True(signed.CheckSignature(rsa!)); // an RSA certificate
        }

        // The signature of an encrypted assertion is encrypted with it.
        Assert.True(signatures.Count > 0 || genuine.IsEncrypted);
    }

    [Theory, InlineData("simplesamlphp"), InlineData("simplesamlphp-rollover"), InlineData("samlp")]
    public void Its_metadata_is_within_our_limits(string name) =>
        Assert.True(SafeXml.TryParse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "metadata", name + ".xml")), XmlLimits.Metadata, out _, out var why), why);
}
