using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Encryption;

/// <summary>A content cipher of XML Encryption (5.2): AES with GCM, or with CBC for connections that allow it.</summary>
internal sealed record ContentCipher(int KeySize, bool IsCbc)
{
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int BlockSize = 16;

    public static ContentCipher? Find(string? uri) => uri switch
    {
        Ns.Encryption11 + "aes128-gcm" => new(16, false),
        Ns.Encryption11 + "aes192-gcm" => new(24, false),
        Ns.Encryption11 + "aes256-gcm" => new(32, false),
        Ns.Encryption + "aes128-cbc" => new(16, true),
        Ns.Encryption + "aes192-cbc" => new(24, true),
        Ns.Encryption + "aes256-cbc" => new(32, true),
        _ => null,
    };

    public bool TryOpen(byte[] key, byte[] content, [NotNullWhen(true)] out byte[]? plain)
    {
        plain = null;
        try
        {
            plain = IsCbc ? OpenCbc(key, content) : OpenGcm(key, content);
            return plain is not null;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static byte[]? OpenGcm(byte[] key, byte[] content)
    {
        if (content.Length < NonceSize + TagSize) return null;
        var plain = new byte[content.Length - NonceSize - TagSize];
        using var gcm = new AesGcm(key, TagSize);
        gcm.Decrypt(content.AsSpan(0, NonceSize), content.AsSpan(NonceSize, plain.Length), content.AsSpan(content.Length - TagSize), plain);
        return plain;
    }

    private static byte[]? OpenCbc(byte[] key, byte[] content)
    {
        if (content.Length < 2 * BlockSize || content.Length % BlockSize != 0) return null;
        using var aes = Aes.Create();
        aes.Key = key;
        var padded = aes.DecryptCbc(content.AsSpan(BlockSize), content.AsSpan(0, BlockSize), PaddingMode.None);
        // XML Encryption 5.2: only the last byte says how much is padding, the others may be anything.
        var padding = padded[^1];
        return padding is > 0 and <= BlockSize ? padded[..^padding] : null;
    }
}
