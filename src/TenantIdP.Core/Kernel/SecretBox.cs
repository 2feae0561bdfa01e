using System.Security.Cryptography;
using System.Text;

namespace TenantIdP.Core.Kernel;

/// <summary>Where a sealed secret lives. A sealed value moved to another row, column or organization does not open.</summary>
public sealed record SecretPlace(string Table, string Column, string Row, string Organization = "")
{
    internal byte[] AssociatedData(string keyId) => Encoding.UTF8.GetBytes(string.Join('\n', "v1", keyId, Table, Column, Row, Organization));
}

/// <summary>Seals stored secrets with AES-256-GCM under the active root key; place and key id are associated data.</summary>
public sealed class SecretBox(RootKeys keys)
{
    private const int NonceSize = 12;
    private const int TagSize = 16;

    public string Seal(ReadOnlySpan<byte> secret, SecretPlace place)
    {
        var sealedBytes = new byte[NonceSize + TagSize + secret.Length];
        var nonce = sealedBytes.AsSpan(0, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var gcm = new AesGcm(keys.Active, TagSize);
        gcm.Encrypt(nonce, secret, sealedBytes.AsSpan(NonceSize + TagSize), sealedBytes.AsSpan(NonceSize, TagSize), place.AssociatedData(keys.ActiveId));
        return $"v1.{keys.ActiveId}.{Convert.ToBase64String(sealedBytes)}";
    }

    public string Seal(string secret, SecretPlace place) => Seal(Encoding.UTF8.GetBytes(secret), place);

    /// <exception cref="CryptographicException">The value was altered, belongs elsewhere, or its root key is not configured (the message names the key id).</exception>
    public byte[] Open(string sealedText, SecretPlace place)
    {
        var parts = sealedText.Split('.');
        if (parts is not ["v1", var keyId, var payload]) throw new CryptographicException("The sealed value is not of a known format.");
        var key = keys.Find(keyId) ?? throw new CryptographicException($"Root key {keyId} is not among TenantIdP:Encryption:Keys.");
        var bytes = Convert.FromBase64String(payload);
        if (bytes.Length < NonceSize + TagSize) throw new CryptographicException("The sealed value is cut short.");
        var secret = new byte[bytes.Length - NonceSize - TagSize];
        using var gcm = new AesGcm(key, TagSize);
        gcm.Decrypt(bytes.AsSpan(0, NonceSize), bytes.AsSpan(NonceSize + TagSize), bytes.AsSpan(NonceSize, TagSize), secret, place.AssociatedData(keyId));
        return secret;
    }

    public string OpenText(string sealedText, SecretPlace place) => Encoding.UTF8.GetString(Open(sealedText, place));
}
