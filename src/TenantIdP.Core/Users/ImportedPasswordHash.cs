using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Users;

public enum PasswordAlgorithm
{
    Bcrypt,
    Argon2id,
    Pbkdf2Sha256,
    Pbkdf2Sha512,
    AspNetIdentity,
}

/// <summary>
/// A password hash that another program made, read in the form in which that program keeps it. What reads here costs a bounded time to check, so that nobody can store
/// a hash whose check takes a processor away (SECURITY.md G5); everything else is refused before it is stored.
/// </summary>
public sealed partial record ImportedPasswordHash
{
    public const int MaxLength = 512;
    public const int MaxBcryptCost = 14;
    public const int MaxIterations = 2_000_000;
    public const int MaxArgon2Kibibytes = 256 * 1024;
    public const int MaxArgon2Passes = 10;
    public const int MaxArgon2Lanes = 8;

    private const int MinDigest = 16;
    private const int MaxBytes = 64;

    private ImportedPasswordHash(PasswordAlgorithm algorithm, string text) => (Algorithm, Text) = (algorithm, text);

    public PasswordAlgorithm Algorithm { get; }

    /// <summary>As the other program wrote it.</summary>
    public string Text { get; }

    /// <summary>Rounds of PBKDF2, passes of Argon2.</summary>
    public int Iterations { get; private init; }

    public int Kibibytes { get; private init; }
    public int Lanes { get; private init; }
    public ReadOnlyMemory<byte> Salt { get; private init; }
    public ReadOnlyMemory<byte> Digest { get; private init; }

    public static Result<ImportedPasswordHash> Parse(string? text)
    {
        if (text is null or { Length: 0 or > MaxLength } || !Ascii.IsValid(text)) return ImportErrors.HashInvalid;
        if (text.StartsWith("$2", StringComparison.Ordinal)) return ParseBcrypt(text);
        if (text.StartsWith("$argon2", StringComparison.Ordinal)) return ParseArgon2(text);
        if (text.StartsWith("$pbkdf2", StringComparison.Ordinal)) return ParsePbkdf2(Pbkdf2().Match(text), text);
        if (text.StartsWith("pbkdf2_", StringComparison.Ordinal)) return ParsePbkdf2(Django().Match(text), text);
        return text.Contains('$', StringComparison.Ordinal) ? ImportErrors.HashInvalid : ParseAspNetIdentity(text);
    }

    /// <summary>Whether a stored hash is one of ours: those have the form of ASP.NET Core Identity, too, and its own hasher checks them.</summary>
    public static bool IsForeign(string stored) => stored.StartsWith('$') || stored.StartsWith("pbkdf2_", StringComparison.Ordinal);

    private static Result<ImportedPasswordHash> ParseBcrypt(string text)
    {
        var match = Bcrypt().Match(text);
        if (!match.Success) return ImportErrors.HashInvalid;
        return Number(match, "cost") is >= 4 and <= MaxBcryptCost ? new ImportedPasswordHash(PasswordAlgorithm.Bcrypt, text) : ImportErrors.HashTooCostly;
    }

    private static Result<ImportedPasswordHash> ParseArgon2(string text)
    {
        var match = Argon2().Match(text);
        if (!match.Success) return ImportErrors.HashInvalid;
        var (memory, passes, lanes) = (Number(match, "memory"), Number(match, "passes"), Number(match, "lanes"));
        if (memory > MaxArgon2Kibibytes || passes > MaxArgon2Passes || lanes > MaxArgon2Lanes) return ImportErrors.HashTooCostly;
        // RFC 9106 section 3.1: at least eight blocks a lane, a salt of eight bytes and one pass.
        if (passes < 1 || lanes < 1 || memory < 8 * lanes) return ImportErrors.HashInvalid;
        if (Bytes(match, "salt", 8) is not { } salt || Bytes(match, "digest", MinDigest) is not { } digest) return ImportErrors.HashInvalid;
        return new ImportedPasswordHash(PasswordAlgorithm.Argon2id, text) { Iterations = passes, Kibibytes = memory, Lanes = lanes, Salt = salt, Digest = digest };
    }

    private static Result<ImportedPasswordHash> ParsePbkdf2(Match match, string text)
    {
        if (!match.Success) return ImportErrors.HashInvalid;
        var rounds = Number(match, "rounds");
        if (rounds > MaxIterations) return ImportErrors.HashTooCostly;
        var salt = match.Groups["text"].Success ? Encoding.UTF8.GetBytes(match.Groups["text"].Value) : Bytes(match, "salt", 1);
        if (rounds < 1 || salt is null || Bytes(match, "digest", MinDigest) is not { } digest) return ImportErrors.HashInvalid;
        var algorithm = match.Groups["size"].Value == "256" ? PasswordAlgorithm.Pbkdf2Sha256 : PasswordAlgorithm.Pbkdf2Sha512;
        return new ImportedPasswordHash(algorithm, text) { Iterations = rounds, Salt = salt, Digest = digest };
    }

    /// <summary>Version 3: 0x01, then PRF (0 to 2), rounds and length of the salt as big-endian integers, salt, key. Version 2 is 1,000 rounds of SHA-1 and refused.</summary>
    private static Result<ImportedPasswordHash> ParseAspNetIdentity(string text)
    {
        const int header = 13;
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        if (!Convert.TryFromBase64String(text, bytes, out var length) || length < header || bytes[0] != 1) return ImportErrors.HashInvalid;
        var (prf, rounds, salt) = (BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(1)), BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(5)), BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(9)));
        if (rounds > MaxIterations) return ImportErrors.HashTooCostly;
        // The hasher refuses salts and keys of less than 16 bytes, silently: nobody could sign in.
        if (prf > 2 || rounds < 1 || salt is < MinDigest or > MaxBytes || length - header - salt is < MinDigest or > MaxBytes) return ImportErrors.HashInvalid;
        return new ImportedPasswordHash(PasswordAlgorithm.AspNetIdentity, text) { Iterations = (int)rounds };
    }

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture); // nine digits at most

    /// <summary>PHC strings leave the padding out, passlib writes '.' for '+'.</summary>
    private static byte[]? Bytes(Match match, string group, int least)
    {
        var text = match.Groups[group].Value.TrimEnd('=').Replace('.', '+');
        if (text.Length % 4 == 1) return null;
        var bytes = new byte[text.Length * 3 / 4];
        return Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), bytes, out var length) && length >= least && length <= MaxBytes ? bytes[..length] : null;
    }

    // The 22nd character carries two bits of the salt and the last one four of the digest: with others set, no check would find the two equal.
    [GeneratedRegex(@"\A\$2[aby]\$(?<cost>[0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]\z")]
    private static partial Regex Bcrypt();

    [GeneratedRegex(@"\A\$argon2id\$v=19\$m=(?<memory>[0-9]{1,9}),t=(?<passes>[0-9]{1,9}),p=(?<lanes>[0-9]{1,9})\$(?<salt>[A-Za-z0-9+/]+=*)\$(?<digest>[A-Za-z0-9+/]+=*)\z")]
    private static partial Regex Argon2();

    [GeneratedRegex(@"\A\$pbkdf2-sha(?<size>256|512)\$(i=)?(?<rounds>[0-9]{1,9})(,l=[0-9]{1,3})?\$(?<salt>[A-Za-z0-9+./]+=*)\$(?<digest>[A-Za-z0-9+./]+=*)\z")]
    private static partial Regex Pbkdf2();

    [GeneratedRegex(@"\Apbkdf2_sha(?<size>256|512)\$(?<rounds>[0-9]{1,9})\$(?<text>[^$]{1,64})\$(?<digest>[A-Za-z0-9+/]+=*)\z")]
    private static partial Regex Django();
}
