using System.Buffers.Text;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Apps;

/// <summary>Which keys an app may sign with: public ones, not too weak, and not so large that checking a signature is work.</summary>
public static class AppKeyRules
{
    public const int MaxKeys = 10;

    /// <summary>Of a document at an app's address, which is not ours to refuse as a whole: keys that are of no use here are skipped, and only so many are looked at.</summary>
    private const int MaxPublished = 50;

    private const int MinRsaBits = 2_048, MaxRsaBits = 4_096, MaxKid = 200, CoordinateBytes = 32;

    // RFC 7518 sections 6.2.2, 6.3.2 and 6.4.
    private static readonly string[] PrivateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

    public static Result Check(AppKeySet set)
    {
        if (set.Keys is not { Count: > 0 and <= MaxKeys } keys || keys.Any(key => key is null)) return AppErrors.JwksInvalid;
        if (keys.Any(HasPrivateMember)) return AppErrors.JwksPrivate;
        var kids = keys.Select(key => key.Kid).OfType<string>().ToList();
        return keys.All(IsUsable) && kids.Distinct(StringComparer.Ordinal).Count() == kids.Count ? Result.Ok : AppErrors.JwksInvalid;
    }

    /// <summary>Of a set that was checked, what is kept.</summary>
    public static AppKeySet Kept(AppKeySet set) => new([.. set.Keys.Select(key => key with { Others = null })]);

    /// <summary>The usable keys of a published set; null when it is none. A key that is published with its private part is nobody's any more.</summary>
    public static IReadOnlyList<AppKey>? Published(string document)
    {
        try
        {
            using var json = JsonDocument.Parse(document, new JsonDocumentOptions { MaxDepth = 16 });
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("keys", out var keys) || keys.ValueKind != JsonValueKind.Array) return null;
            return [.. keys.EnumerateArray().Take(MaxPublished).Select(Read).OfType<AppKey>().Where(key => !HasPrivateMember(key) && IsUsable(key)).Select(key => key with { Others = null }).Take(MaxKeys)];
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>RFC 7638, SHA-256 in base64url: names a key without being one.</summary>
    public static string Thumbprint(AppKey key)
    {
        var members = key.Kty == "EC" ? $$"""{"crv":"{{key.Crv}}","kty":"EC","x":"{{key.X}}","y":"{{key.Y}}"}""" : $$"""{"e":"{{key.E}}","kty":"RSA","n":"{{key.N}}"}""";
        return Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(members)));
    }

    private static AppKey? Read(JsonElement key)
    {
        try
        {
            return key.Deserialize<AppKey>(JsonText.Options);
        }
        catch (JsonException)
        {
            return null; // a kind of key that says other things in these members
        }
    }

    private static bool HasPrivateMember(AppKey key) => key.Others is { } others && PrivateMembers.Any(others.ContainsKey);

    private static bool IsUsable(AppKey key) =>
        key.Use is null or "sig"
        && key.Kid is null or { Length: > 0 and <= MaxKid }
        && key.Kid?.Any(c => c is < ' ' or > '~') != true
        && key.Kty switch
        {
            "EC" => key is { Crv: "P-256", N: null, E: null, Alg: null or "ES256" } && IsPoint(Bytes(key.X), Bytes(key.Y)),
            "RSA" => key is { Crv: null, X: null, Y: null, Alg: null or "RS256" or "PS256" } && IsModulus(Bytes(key.N)) && IsExponent(Bytes(key.E)),
            _ => false,
        };

    private static bool IsModulus(byte[]? modulus) => modulus is [not 0, ..] && new BigInteger(modulus, isUnsigned: true, isBigEndian: true).GetBitLength() is >= MinRsaBits and <= MaxRsaBits;

    // With an exponent of one, everybody signs.
    private static bool IsExponent(byte[]? exponent) =>
        exponent is [not 0, ..] and { Length: <= 4 } && new BigInteger(exponent, isUnsigned: true, isBigEndian: true) is { IsEven: false } e && e >= 3;

    private static bool IsPoint(byte[]? x, byte[]? y)
    {
        if (x is not { Length: CoordinateBytes } || y is not { Length: CoordinateBytes }) return false;
        try
        {
            using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = x, Y = y } });
            return true;
        }
        catch (CryptographicException)
        {
            return false; // not on the curve
        }
    }

    private static byte[]? Bytes(string? text)
    {
        if (text is not { Length: > 0 and <= 1_024 } || !Base64Url.IsValid(text)) return null;
        var bytes = Base64Url.DecodeFromChars(text);
        return Base64Url.EncodeToString(bytes) == text ? bytes : null; // one spelling, so that a thumbprint names one key
    }
}
