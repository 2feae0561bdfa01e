using System.Security.Cryptography;

namespace TenantIdP.Core.Kernel;

/// <summary>The 32-byte root keys of <c>TenantIdP:Encryption:Keys</c>; the first is active, the others still open what they sealed.</summary>
public sealed class RootKeys
{
    private readonly Dictionary<string, byte[]> keys;

    public RootKeys(IReadOnlyList<byte[]> keys)
    {
        if (keys.Count == 0 || keys.Any(key => key.Length != 32)) throw new ArgumentException("Give one or more root keys of 32 bytes.", nameof(keys));
        this.keys = keys.ToDictionary(IdOf, key => key);
        ActiveId = IdOf(keys[0]);
    }

    public string ActiveId { get; }

    public IReadOnlyCollection<string> Ids => keys.Keys;

    public byte[]? Find(string id) => keys.GetValueOrDefault(id);

    public byte[] Active => keys[ActiveId];

    /// <summary>Names a key without telling it: the first 8 hex digits of its SHA-256.</summary>
    public static string IdOf(byte[] key) => Convert.ToHexStringLower(SHA256.HashData(key))[..8];
}
