using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Xml;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Xml;
using Xunit;

namespace TenantIdP.Saml.Tests;

/// <summary>Keys for tests of what we write, and the platform's own verifier to judge it.</summary>
internal static class OurKey
{
    public static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    public static SamlKeyPair Make(string name = "sp.example.test")
    {
        var (pkcs8, certificate) = SamlKeyPair.Make(name, Now.AddDays(-1), Now.AddDays(365));
        return SamlKeyPair.Open(pkcs8, certificate);
    }

    public static XmlElement Parse(string xml)
    {
        Assert.True(SafeXml.TryParse(xml, XmlLimits.Metadata, out var document, out var why), why);
        return document.DocumentElement!; // a document has one
    }

    /// <summary>The only signature, and that it is the root's.</summary>
    public static bool IsSigned(string xml, SamlCertificate by)
    {
        var root = Parse(xml);
        var signature = Assert.Single(root.ChildNodes.OfType<XmlElement>(), e => e.NamespaceURI == SignedXml.XmlDsigNamespaceUrl);
        var signed = new SignedXml(root);
        signed.LoadXml(signature);
        using var certificate = X509CertificateLoader.LoadCertificate(by.Der.Span);
        using var rsa = certificate.GetRSAPublicKey();
        Assert.Equal("#" + root.GetAttribute("ID"), ((Reference)Assert.Single(signed.SignedInfo!.References.Cast<object>())).Uri); // loaded
        return signed.CheckSignature(rsa ?? throw new CryptographicException("An RSA certificate."));
    }
}
