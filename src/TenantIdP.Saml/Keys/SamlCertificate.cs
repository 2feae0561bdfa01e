using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TenantIdP.Saml.Keys;

/// <summary>A certificate of an identity provider. The key in it is pinned; chains, names and revocation mean nothing here (SAML Metadata 2.4.1.1).</summary>
public sealed class SamlCertificate
{
    public const int MaxTextLength = 16 * 1024;

    /// <summary>How many certificates a bundle may have.</summary>
    public const int MaxBundle = 20;

    private const string Begin = "-----BEGIN";

    private readonly byte[] der;
    private readonly byte[] issuer;
    private readonly byte[] subject;

    private SamlCertificate(byte[] der, X509Certificate2 certificate)
    {
        this.der = der;
        (issuer, subject) = (certificate.IssuerName.RawData, certificate.SubjectName.RawData);
        Thumbprint = Convert.ToHexStringLower(SHA256.HashData(der));
        (Subject, NotBefore, NotAfter) = (certificate.Subject, new DateTimeOffset(certificate.NotBefore.ToUniversalTime()), new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));
        (Rsa, Ecdsa) = (certificate.GetRSAPublicKey(), certificate.GetECDsaPublicKey());
        (KeyAlgorithm, KeyBits) = Rsa is { } rsa ? ("RSA", rsa.KeySize) : ("ECDSA", Ecdsa?.KeySize ?? 0);
    }

    /// <summary>SHA-256 of the DER form, lower-case hex.</summary>
    public string Thumbprint { get; }

    public string Subject { get; }
    public DateTimeOffset NotBefore { get; }
    public DateTimeOffset NotAfter { get; }
    public string KeyAlgorithm { get; }
    public int KeyBits { get; }

    public ReadOnlyMemory<byte> Der => der;

    private bool IsSelfIssued => issuer.AsSpan().SequenceEqual(subject);

    /// <summary>Null for a certificate of another kind. One object for the certificate's life, used by many threads: reading a key costs more than verifying with it.</summary>
    internal RSA? Rsa { get; }

    internal ECDsa? Ecdsa { get; }

    /// <summary>Reads what admins paste: PEM, bare base64 (with line breaks), as text. False for anything else, for a key under 2048 bits (RSA) or 256 bits (ECDSA), and for other key types.</summary>
    public static bool TryRead(string? text, out SamlCertificate? certificate)
    {
        certificate = null;
        if (text is null or { Length: 0 or > MaxTextLength }) return false;
        var body = text.Trim();
        if (body.StartsWith(Begin, StringComparison.Ordinal))
        {
            if (!PemEncoding.TryFind(body, out var fields) || body[fields.Label] != "CERTIFICATE") return false;
            body = body[fields.Base64Data];
        }

        var bytes = new byte[body.Length];
        return Convert.TryFromBase64String(body, bytes, out var written) && TryRead(bytes.AsSpan(0, written), out certificate);
    }

    /// <summary>
    /// Reads all that an admin pastes: PEM blocks one after another, with what tools write between them, or what <see cref="TryRead(string?, out SamlCertificate?)"/> reads. False
    /// when one of them can't be used, when there are none or too many, and when something else is among them, such as a private key.
    /// </summary>
    /// <param name="certificates">
    /// Each once, in their order. Of a chain only the end: to pin the key of an authority would be to believe whatever it signs. Two that sign themselves are no chain but a rollover.
    /// </param>
    public static bool TryReadAll(string? text, out IReadOnlyList<SamlCertificate> certificates)
    {
        certificates = [];
        if (text is null or { Length: > MaxTextLength * MaxBundle }) return false;
        var found = new List<SamlCertificate>();
        var rest = text.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            // A block that is cut off is passed over, and must not go unnoticed.
            if (rest[..fields.Location.Start].Contains(Begin, StringComparison.Ordinal)) return false;
            if (found.Count == MaxBundle || !rest[fields.Label].SequenceEqual("CERTIFICATE") || !TryRead(rest[fields.Location].ToString(), out var read) || read is null) return false;
            if (!found.Exists(other => other.Thumbprint == read.Thumbprint)) found.Add(read);
            rest = rest[fields.Location.End..];
        }

        if (found.Count > 0 && rest.Contains(Begin, StringComparison.Ordinal)) return false;
        if (found.Count == 0 && TryRead(text, out var only) && only is not null) found.Add(only);
        certificates = found.FindAll(authority => !found.Exists(other => other != authority && !other.IsSelfIssued && other.issuer.AsSpan().SequenceEqual(authority.subject)));
        return certificates.Count > 0;
    }

    /// <summary>Reads the DER form, with the same conditions.</summary>
    public static bool TryRead(ReadOnlySpan<byte> der, out SamlCertificate? certificate)
    {
        certificate = null;
        try
        {
            using var loaded = X509CertificateLoader.LoadCertificate(der);
            var read = new SamlCertificate(loaded.RawData, loaded);
            if (read.Rsa is { KeySize: < 2048 or > 8192 } || read.Ecdsa is { KeySize: < 256 } || (read.Rsa is null && read.Ecdsa is null)) return false;
            certificate = read;
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
