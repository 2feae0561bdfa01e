using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TenantIdP.Saml.Keys;

/// <summary>One of our own keys with the certificate that identity providers know it by. RSA only: every identity provider reads it.</summary>
public sealed class SamlKeyPair : IDisposable
{
    private readonly RSA key;

    private SamlKeyPair(RSA key, SamlCertificate certificate) => (this.key, Certificate) = (key, certificate);

    public SamlCertificate Certificate { get; }

    /// <summary>Not to be disposed by the caller; safe for many threads at once.</summary>
    internal RSA Key => key;

    /// <summary>Makes an RSA-2048 key and a self-signed certificate for it.</summary>
    /// <param name="commonName">Letters, digits, spaces, dots and hyphens.</param>
    /// <returns>PKCS#8 and DER, to be kept; the private part sealed.</returns>
    public static (byte[] Pkcs8, byte[] Certificate) Make(string commonName, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, critical: true));
        using var certificate = request.CreateSelfSigned(notBefore, notAfter);
        return (key.ExportPkcs8PrivateKey(), certificate.RawData);
    }

    /// <exception cref="CryptographicException">Not a PKCS#8 RSA key, or not its certificate.</exception>
    public static SamlKeyPair Open(ReadOnlySpan<byte> pkcs8, ReadOnlySpan<byte> certificate)
    {
        var key = RSA.Create();
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8, out _);
            if (!SamlCertificate.TryRead(certificate, out var read) || read is null) throw new CryptographicException("The certificate can't be read.");
            if (read.Rsa is not { } known || !known.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo())) throw new CryptographicException("The certificate is another key's.");
            return new SamlKeyPair(key, read);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    public void Dispose() => key.Dispose();
}
