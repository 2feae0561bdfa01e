using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace TenantIdP.Core.Kernel;

/// <summary>
/// A prefix, a public part that finds the row (or none), 43 characters of base62 that are 256 random bits, and 6 that are the first 32 bits of the SHA-256 of all before them:
/// scanners of source code find such a secret and tell a true one without asking anybody. Letters and digits only, so that one click selects it whole.
/// </summary>
internal static class ScannableSecret
{
    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static readonly SearchValues<char> Allowed = SearchValues.Create(Digits);

    private const int Body = 43;
    private const int Checksum = 6;

    /// <param name="prefix">With the public part behind it.</param>
    public static string New(string prefix)
    {
        var unsealed = prefix + Base62(new BigInteger(RandomNumberGenerator.GetBytes(32), isUnsigned: true, isBigEndian: true), Body);
        return unsealed + ChecksumOf(unsealed);
    }

    /// <summary>Whether it has the form and its checksum is right; whether there is such a secret is the database's to say.</summary>
    /// <param name="publicPart">How long the part between the prefix and the random one is.</param>
    public static bool IsWellFormed(string text, string prefix, int publicPart = 0) =>
        text.Length == prefix.Length + publicPart + Body + Checksum && text.StartsWith(prefix, StringComparison.Ordinal) && text.AsSpan(prefix.Length).IndexOfAnyExcept(Allowed) < 0
        && text.AsSpan()[^Checksum..].SequenceEqual(ChecksumOf(text[..^Checksum]));

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
