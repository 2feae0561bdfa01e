using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Xml;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Signatures;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Encryption;

/// <summary>
/// Opens an EncryptedAssertion (Core 2.3.4, XML Encryption 1.1). By hand, because the framework's reader takes 3DES and RSA-1.5 without complaint and knows no GCM. Whatever
/// goes wrong is told in the same words: a sender who learns more learns the plaintext.
/// </summary>
internal static class AssertionDecryptor
{
    // Each is an RSA operation that anybody can make us do.
    private const int MostKeys = 2;

    /// <param name="isCbc">The content was not protected against changes by its own cipher.</param>
    public static bool TryDecrypt(XmlElement encrypted, IReadOnlyList<SamlKeyPair> keys, [NotNullWhen(true)] out byte[]? plain, out bool isCbc)
    {
        (plain, isCbc) = (null, false);
        if (encrypted.Only(Ns.Encryption, "EncryptedData") is not { } data || ContentCipher.Find(AlgorithmOf(data)) is not { } cipher || !TryCipherValue(data, out var content)) return false;
        isCbc = cipher.IsCbc;
        var wrapped = Keys(encrypted);
        if (wrapped.Count is 0 or > MostKeys) return false;
        foreach (var candidate in wrapped)
        {
            if (!TryCipherValue(candidate, out var key) || PaddingOf(candidate) is not { } padding) continue;
            foreach (var pair in keys)
            {
                if (TryUnwrap(pair, key, padding, cipher.KeySize, out var secret) && cipher.TryOpen(secret, content, out plain)) return true;
            }
        }

        return false;
    }

    /// <summary>For the check and for the connection's rule, before any key is touched.</summary>
    public static string? AlgorithmOf(XmlElement encryptedData) => encryptedData.Only(Ns.Encryption, "EncryptionMethod")?.Attribute("Algorithm");

    /// <summary>As above: whether one of the wrapped keys names a way that is opened here.</summary>
    public static bool IsKeyTransportKnown(XmlElement encrypted) => Keys(encrypted).Exists(key => PaddingOf(key) is not null);

    /// <summary>What the first of them names, with its digest, for the trace.</summary>
    public static string? KeyTransportOf(XmlElement encrypted)
    {
        var method = Keys(encrypted).FirstOrDefault().Only(Ns.Encryption, "EncryptionMethod");
        return method.Only(SamlNames.SignatureNamespace, "DigestMethod")?.Attribute("Algorithm") is { } digest ? $"{method?.Attribute("Algorithm")} with {digest}" : method?.Attribute("Algorithm");
    }

    private static List<XmlElement> Keys(XmlElement encrypted) =>
    [
        .. encrypted.Children(Ns.Encryption, "EncryptedKey"),
        .. encrypted.Only(Ns.Encryption, "EncryptedData").Only(SamlNames.SignatureNamespace, "KeyInfo")?.Children(Ns.Encryption, "EncryptedKey") ?? [],
    ];

    private static bool TryCipherValue(XmlElement element, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        // CipherReference would be an address to fetch.
        return element.Only(Ns.Encryption, "CipherData") is { } data && data.Children().ToList() is [var value] && value.Is(Ns.Encryption, "CipherValue") && !value.HasElements()
            && EnvelopedSignature.TryBase64(value.InnerText, out bytes);
    }

    private static RSAEncryptionPadding? PaddingOf(XmlElement key)
    {
        if (key.Only(Ns.Encryption, "EncryptionMethod") is not { } method) return null;
        var digest = method.Only(SamlNames.SignatureNamespace, "DigestMethod")?.Attribute("Algorithm") ?? SignatureAlgorithm.Sha1;
        var mask = method.Only(Ns.Encryption11, "MGF")?.Attribute("Algorithm") ?? Ns.Encryption11 + "mgf1sha1";
        return (method.Attribute("Algorithm"), digest, mask) switch
        {
            // The digest of OAEP needs no resistance to collisions: SHA-1 is what nearly all identity providers use here.
            (Ns.Encryption + "rsa-oaep-mgf1p", SignatureAlgorithm.Sha1, _) => RSAEncryptionPadding.OaepSHA1,
            (Ns.Encryption11 + "rsa-oaep", SignatureAlgorithm.Sha1, Ns.Encryption11 + "mgf1sha1") => RSAEncryptionPadding.OaepSHA1,
            (Ns.Encryption11 + "rsa-oaep", SignatureAlgorithm.Sha256, Ns.Encryption11 + "mgf1sha256") => RSAEncryptionPadding.OaepSHA256,
            _ => null,
        };
    }

    private static bool TryUnwrap(SamlKeyPair pair, byte[] wrapped, RSAEncryptionPadding padding, int size, [NotNullWhen(true)] out byte[]? secret)
    {
        secret = null;
        try
        {
            var opened = pair.Key.Decrypt(wrapped, padding);
            if (opened.Length != size) return false;
            secret = opened;
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
