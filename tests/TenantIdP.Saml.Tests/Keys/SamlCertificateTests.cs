using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TenantIdP.Saml.Keys;
using Xunit;

namespace TenantIdP.Saml.Tests.Keys;

public sealed class SamlCertificateTests
{
    private static readonly byte[] First = SamlKeyPair.Make("idp", OurKey.Now.AddDays(-1), OurKey.Now.AddDays(1)).Certificate;
    private static readonly byte[] Second = SamlKeyPair.Make("idp", OurKey.Now.AddDays(-1), OurKey.Now.AddDays(2)).Certificate;

    [Fact]
    public void All_certificates_of_a_bundle_are_read_each_once_and_in_their_order()
    {
        var text = $"subject=CN = idp\n{Pem(First)}\n\nBag Attributes\n{Pem(Second)}\n{Pem(First)}\n";

        Assert.True(SamlCertificate.TryReadAll(text, out var read));
        Assert.Equal([First, Second], read.Select(c => c.Der.ToArray()));
    }

    [Fact]
    public void What_is_no_bundle_is_read_as_one_certificate()
    {
        Assert.True(SamlCertificate.TryReadAll(Convert.ToBase64String(First, Base64FormattingOptions.InsertLineBreaks), out var read));
        Assert.Equal(First, Assert.Single(read).Der.ToArray());
    }

    [Fact]
    public void Of_a_chain_only_the_end_is_read()
    {
        using var root = RSA.Create(2048);
        using var leaf = RSA.Create(2048);
        var request = new CertificateRequest("CN=authority", root, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var authority = request.CreateSelfSigned(OurKey.Now.AddDays(-1), OurKey.Now.AddDays(1));
        using var end = new CertificateRequest("CN=idp", leaf, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).Create(authority, OurKey.Now, OurKey.Now.AddDays(1), [1]);

        Assert.True(SamlCertificate.TryReadAll(Pem(end.RawData) + "\n" + Pem(authority.RawData), out var read));
        Assert.Equal("CN=idp", Assert.Single(read).Subject);
        Assert.True(SamlCertificate.TryReadAll(Pem(authority.RawData), out var alone));
        Assert.Equal("CN=authority", Assert.Single(alone).Subject);
    }

    [Fact]
    [Trait("Attack", "I")]
    public void A_bundle_with_anything_else_in_it_is_refused_as_a_whole()
    {
        using var key = RSA.Create(2048);
        using var weak = RSA.Create(1024);
        using var short1024 = new CertificateRequest("CN=weak", weak, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(OurKey.Now, OurKey.Now.AddDays(1));
        string[] others =
        [
            key.ExportPkcs8PrivateKeyPem(), Pem(short1024.RawData), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", Pem(Second)[..^30],
            string.Concat(Enumerable.Repeat(Pem(Second) + "\n", SamlCertificate.MaxBundle * 30)),
        ];

        foreach (var other in others)
        {
            Assert.False(SamlCertificate.TryReadAll(Pem(First) + "\n" + other, out var read), other[..27]);
            Assert.Empty(read);
            Assert.False(SamlCertificate.TryReadAll(other + "\n" + Pem(First), out _), other[..27]);
        }

        Assert.False(SamlCertificate.TryReadAll(null, out _));
        Assert.False(SamlCertificate.TryReadAll("", out _));
        Assert.False(SamlCertificate.TryReadAll("\uD800\0", out _));
    }

    /// <summary>A message brings one along in its KeyInfo, so anybody can have it read.</summary>
    [Fact]
    [Trait("Attack", "I")]
    public void What_is_almost_a_certificate_is_read_or_refused_and_throws_nothing()
    {
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var elliptic = new CertificateRequest("CN=idp", curve, HashAlgorithmName.SHA256).CreateSelfSigned(OurKey.Now, OurKey.Now.AddDays(1));
        var (read, refused) = (0, 0);
        foreach (var der in new[] { First, elliptic.RawData })
        {
            for (var at = 0; at < der.Length; at++)
            {
                foreach (var value in new byte[] { 0, 1, 0x30, 0x7F, 0x80, 0xFF, (byte)(der[at] ^ 1), (byte)(der[at] ^ 0x20) })
                {
                    var changed = (byte[])der.Clone();
                    changed[at] = value;
                    if (SamlCertificate.TryRead(changed, out _)) read++;
                    else refused++;
                }

                Assert.False(SamlCertificate.TryRead(der.AsSpan(0, at), out _));
            }
        }

        Assert.InRange(Math.Min(read, refused), 100, int.MaxValue);
    }

    private static string Pem(byte[] der) => PemEncoding.WriteString("CERTIFICATE", der);
}
