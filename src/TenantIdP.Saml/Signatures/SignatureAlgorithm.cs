using System.Security.Cryptography;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Signatures;

/// <summary>What a signature method or digest method names. The list is closed: a name that is not in it is refused, whatever it may mean elsewhere.</summary>
internal sealed record SignatureAlgorithm(string Uri, HashAlgorithmName Hash, bool IsEcdsa, RSASignaturePadding? Padding)
{
    private const string More = "http://www.w3.org/2001/04/xmldsig-more#";
    private const string Pss = "http://www.w3.org/2007/05/xmldsig-more#";
    public const string RsaSha256 = More + "rsa-sha256";
    public const string RsaSha1 = SamlNames.SignatureNamespace + "rsa-sha1";
    public const string Sha256 = Ns.Encryption + "sha256";
    public const string Sha1 = SamlNames.SignatureNamespace + "sha1";

    private static readonly Dictionary<string, SignatureAlgorithm> Known = new SignatureAlgorithm[]
    {
        new(RsaSha256, HashAlgorithmName.SHA256, false, RSASignaturePadding.Pkcs1),
        new(More + "rsa-sha384", HashAlgorithmName.SHA384, false, RSASignaturePadding.Pkcs1),
        new(More + "rsa-sha512", HashAlgorithmName.SHA512, false, RSASignaturePadding.Pkcs1),
        new(Pss + "sha256-rsa-MGF1", HashAlgorithmName.SHA256, false, RSASignaturePadding.Pss),
        new(Pss + "sha384-rsa-MGF1", HashAlgorithmName.SHA384, false, RSASignaturePadding.Pss),
        new(Pss + "sha512-rsa-MGF1", HashAlgorithmName.SHA512, false, RSASignaturePadding.Pss),
        new(More + "ecdsa-sha256", HashAlgorithmName.SHA256, true, null),
        new(More + "ecdsa-sha384", HashAlgorithmName.SHA384, true, null),
        new(More + "ecdsa-sha512", HashAlgorithmName.SHA512, true, null),
        new(RsaSha1, HashAlgorithmName.SHA1, false, RSASignaturePadding.Pkcs1),
    }.ToDictionary(a => a.Uri, StringComparer.Ordinal);

    private static readonly Dictionary<string, HashAlgorithmName> Digests = new(StringComparer.Ordinal)
    {
        [Sha256] = HashAlgorithmName.SHA256,
        [More + "sha384"] = HashAlgorithmName.SHA384,
        [Ns.Encryption + "sha512"] = HashAlgorithmName.SHA512,
        [Sha1] = HashAlgorithmName.SHA1,
    };

    public static SignatureAlgorithm? Find(string? uri, bool allowSha1) =>
        uri is not null && Known.TryGetValue(uri, out var found) && (allowSha1 || found.Hash != HashAlgorithmName.SHA1) ? found : null;

    public static HashAlgorithmName? FindDigest(string? uri, bool allowSha1) =>
        uri is not null && Digests.TryGetValue(uri, out var found) && (allowSha1 || found != HashAlgorithmName.SHA1) ? found : null;

    /// <summary>In XML, ECDSA signatures are r and s side by side (RFC 4050 section 3.3).</summary>
    public bool Verifies(SamlCertificate certificate, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (IsEcdsa) return VerifiesEcdsa(certificate, data, signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return certificate.Rsa is { } rsa && Padding is { } padding && rsa.VerifyData(data, signature, Hash, padding);
    }

    /// <summary>In an address they are meant to be the same, but no clause says so, and some identity providers send what their library makes: DER (RFC 3279 section 2.2.3).</summary>
    public bool VerifiesQuery(SamlCertificate certificate, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        Verifies(certificate, data, signature) || (IsEcdsa && VerifiesEcdsa(certificate, data, signature, DSASignatureFormat.Rfc3279DerSequence));

    private bool VerifiesEcdsa(SamlCertificate certificate, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature, DSASignatureFormat format) =>
        certificate.Ecdsa is { } ecdsa && ecdsa.VerifyData(data, signature, Hash, format);
}
