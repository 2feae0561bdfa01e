using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace TenantIdP.Core.Kernel;

/// <summary>
/// Makes the position of a page opaque and tamper-evident. A cursor opens only for the list it was made for: its name, its organization and its filter are part of the
/// seal. The keys come from the root keys, so every node opens what another made, after a restart too.
/// </summary>
public sealed class Cursors(RootKeys keys)
{
    /// <summary>More than any cursor has; a longer text is none.</summary>
    public const int MaxLength = 1_536;

    private const byte Format = 1;
    private const int KeyIdSize = 4;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int HeadSize = 1 + KeyIdSize + NonceSize + TagSize;

    private readonly ConcurrentDictionary<string, (byte[] Seal, byte[] Nonce)> derived = new(StringComparer.Ordinal);

    /// <param name="position">An id, a number or another short text that says where the page ended.</param>
    /// <param name="list">Names the list with all that decides what is in it.</param>
    public string Seal(string position, string list)
    {
        var (plain, bound) = (Encoding.UTF8.GetBytes(position), Encoding.UTF8.GetBytes(list));
        var cursor = new byte[HeadSize + plain.Length];
        cursor[0] = Format;
        Convert.FromHexString(keys.ActiveId, cursor.AsSpan(1, KeyIdSize), out _, out _);
        var (seal, nonceKey) = KeysOf(keys.ActiveId)!.Value; // the active key is there

        // Made from what is sealed: two different cursors never share a nonce by chance, and the same page has the same cursor.
        HMACSHA256.HashData(nonceKey, (byte[])[.. bound, 0, .. plain]).AsSpan(0, NonceSize).CopyTo(cursor.AsSpan(1 + KeyIdSize));
        using var gcm = new AesGcm(seal, TagSize);
        gcm.Encrypt(cursor.AsSpan(1 + KeyIdSize, NonceSize), plain, cursor.AsSpan(HeadSize), cursor.AsSpan(HeadSize - TagSize, TagSize), bound);
        return Base64Url.EncodeToString(cursor);
    }

    public Result<string> Open(string text, string list)
    {
        if (text.Length is 0 or > MaxLength || !Base64Url.IsValid(text)) return PageErrors.CursorInvalid;
        var cursor = Base64Url.DecodeFromChars(text);
        if (cursor.Length < HeadSize || cursor[0] != Format || KeysOf(Convert.ToHexStringLower(cursor.AsSpan(1, KeyIdSize))) is not { } key) return PageErrors.CursorInvalid;
        var plain = new byte[cursor.Length - HeadSize];
        using var gcm = new AesGcm(key.Seal, TagSize);
        try
        {
            gcm.Decrypt(cursor.AsSpan(1 + KeyIdSize, NonceSize), cursor.AsSpan(HeadSize), cursor.AsSpan(HeadSize - TagSize, TagSize), plain, Encoding.UTF8.GetBytes(list));
        }
        catch (AuthenticationTagMismatchException)
        {
            return PageErrors.CursorInvalid;
        }

        // Base64 has several texts for some bytes; a cursor has one.
        return Base64Url.EncodeToString(cursor) == text ? Encoding.UTF8.GetString(plain) : PageErrors.CursorInvalid;
    }

    private (byte[] Seal, byte[] Nonce)? KeysOf(string id) =>
        keys.Find(id) is not { } root ? null : derived.GetOrAdd(id, static (_, root) => (Derive(root, "cursor seal"), Derive(root, "cursor nonce")), root);

    private static byte[] Derive(byte[] root, string use) => HKDF.DeriveKey(HashAlgorithmName.SHA256, root, 32, info: Encoding.UTF8.GetBytes(use));
}
