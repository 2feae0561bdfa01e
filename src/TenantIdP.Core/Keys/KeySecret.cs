using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace TenantIdP.Core.Keys;

/// <summary>
/// <c>tidp_key_</c>, 43 characters of base62 that are 256 random bits, and 6 that are the first 32 bits of the SHA-256 of all before them: scanners of source code find a key and
/// tell a true one without asking anybody (docs/keys.md). Letters and digits only, so that one click selects it whole.
/// </summary>
public static class KeySecret
{
    public const string Prefix = "tidp_key_";

    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static readonly SearchValues<char> Allowed = SearchValues.Create(Digits);

    private const int Body = 43;
    private const int Checksum = 6;
    private const int Visible = 6;

    public static string New()
    {
        var unsealed = Prefix + Base62(new BigInteger(RandomNumberGenerator.GetBytes(32), isUnsigned: true, isBigEndian: true), Body);
        return unsealed + ChecksumOf(unsealed);
    }

    public static bool IsKey(string text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Whether it has the form of a key and its checksum is right; whether there is such a key is the database's to say.</summary>
    public static bool IsWellFormed(string text) =>
        text.Length == Prefix.Length + Body + Checksum && IsKey(text) && text.AsSpan(Prefix.Length).IndexOfAnyExcept(Allowed) < 0
        && text.AsSpan()[^Checksum..].SequenceEqual(ChecksumOf(text[..^Checksum]));

    internal static string Shown(string secret) => secret[..(Prefix.Length + Visible)];

    private static string ChecksumOf(string unsealed) => Base62(BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.ASCII.GetBytes(unsealed))), Checksum);

    private static string Base62(BigInteger number, int length)
    {
        var text = new char[length];
        for (var i = length - 1; i >= 0; i--)
        {
            number = BigInteger.DivRem(number, Digits.Length, out var digit);
            text[i] = Digits[(int)digit];
        }

        return new string(text);
    }
}
