using System.Buffers.Text;
using System.Text.Json;
using TenantIdP.Core.Apps;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace TenantIdP.Engine.OpenIddict.Tokens;

/// <summary>
/// What a client assertion says (RFC 7523 section 3), once it says what it must for us and in time. Nothing of it is proven until its signature is checked. Its audience is the issuer,
/// as one text: the address of an endpoint can be made up by somebody who answers as another server and would so collect assertions that are good here.
/// </summary>
internal sealed record ClientAssertion(string ClientId, string Algorithm, string? KeyId, string Id, DateTimeOffset Expires)
{
    /// <summary>Characters.</summary>
    public const int Longest = 8_192;

    /// <summary>Between the app's clock and ours.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    /// <summary>How far ahead it may end: as long as its <c>jti</c> has to be remembered.</summary>
    public static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);

    private const int LongestId = 256;

    // Twice the same member is read differently by different readers.
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <returns>The assertion, or why it is none.</returns>
    public static (ClientAssertion? Assertion, string? Why) Read(string token, string issuer, DateTimeOffset now)
    {
        if (token.Length > Longest || token.Split('.') is not [var head, var body, { Length: > 0 }]) return (null, "The client assertion is no signed JWT.");
        try
        {
            using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(head), Strict);
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(body), Strict);
            if (header.RootElement.ValueKind != JsonValueKind.Object || claims.RootElement.ValueKind != JsonValueKind.Object) return (null, "The client assertion is no signed JWT.");
            return Judge(header.RootElement, claims.RootElement, issuer, now);
        }
        catch (Exception malformed) when (malformed is FormatException or JsonException)
        {
            return (null, "The client assertion is no signed JWT.");
        }
    }

    private static (ClientAssertion? Assertion, string? Why) Judge(JsonElement header, JsonElement claims, string issuer, DateTimeOffset now)
    {
        if (Text(header, "alg") is not { } algorithm || !AppAuthMethods.AssertionAlgorithms.Contains(algorithm)) return (null, "A client assertion is signed with ES256, PS256 or RS256.");
        if (header.TryGetProperty("crit", out _)) return (null, "A client assertion has no critical headers.");
        if (header.TryGetProperty("typ", out var typ) && !IsType(typ)) return (null, "The typ of a client assertion is JWT or client-authentication+jwt.");
        if (header.TryGetProperty("kid", out var kid) && kid.ValueKind != JsonValueKind.String) return (null, "The kid of a client assertion is a text.");
        if (Text(claims, Claims.Issuer) is not { Length: > 0 } client || Text(claims, Claims.Subject) != client) return (null, "The iss and the sub of a client assertion are the client_id.");
        if (Text(claims, Claims.Audience) != issuer) return (null, $"The aud of a client assertion is {issuer}, as a text and nothing else.");
        if (Text(claims, Claims.JwtId) is not { Length: > 0 and <= LongestId } id) return (null, "A client assertion has a jti.");
        if (Time(claims, Claims.ExpiresAt) is not { } expires || expires + Skew <= now || expires > now + Ahead + Skew) return (null, "A client assertion has an exp that is at most five minutes ahead and not over.");
        if (claims.TryGetProperty(Claims.NotBefore, out _) && !(Time(claims, Claims.NotBefore) <= now + Skew)) return (null, "The nbf of the client assertion is ahead.");
        if (claims.TryGetProperty(Claims.IssuedAt, out _) && !(Time(claims, Claims.IssuedAt) is { } at && at <= now + Skew && at >= now - Ahead - Skew)) return (null, "The iat of the client assertion is ahead or more than five minutes ago.");
        return (new ClientAssertion(client, algorithm, Text(header, "kid"), id, expires), null);
    }

    private static bool IsType(JsonElement typ) =>
        typ.ValueKind == JsonValueKind.String && typ.GetString() is { } text && (text.Equals("JWT", StringComparison.OrdinalIgnoreCase) || text.Equals("client-authentication+jwt", StringComparison.OrdinalIgnoreCase));

    private static string? Text(JsonElement parent, string name) => parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A NumericDate (RFC 7519 section 2) of this or a near century, in whole seconds.</summary>
    private static DateTimeOffset? Time(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is >= 0 and < 9_999_999_999
            ? DateTimeOffset.FromUnixTimeSeconds((long)seconds)
            : null;
}
