using System.Text.Json;
using System.Text.Json.Serialization;

namespace TenantIdP.Core.Apps;

/// <summary>The public keys of an app, as a JSON Web Key Set (RFC 7517 section 5).</summary>
/// <param name="Keys">One to <see cref="AppKeyRules.MaxKeys"/>.</param>
public sealed record AppKeySet(IReadOnlyList<AppKey> Keys)
{
    /// <summary>Members that a key set may have and that mean nothing here.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Others { get; init; }
}

/// <summary>One public key for signing, as a JSON Web Key (RFC 7517 section 4).</summary>
public sealed record AppKey
{
    /// <summary>RSA or EC.</summary>
    public required string Kty { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Kid { get; init; }

    /// <summary>sig, when it is there.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Use { get; init; }

    /// <summary>The only algorithm it is used with; each that fits when left out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Alg { get; init; }

    /// <summary>P-256, of an EC key.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Crv { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? N { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? E { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? X { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Y { get; init; }

    /// <summary>What else was sent: private members are looked for here, nothing of it is kept.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Others { get; init; }

    /// <summary>Whether a signature of this algorithm may be checked with it.</summary>
    public bool Fits(string algorithm, string? kid) =>
        (algorithm == "ES256" ? Kty == "EC" : Kty == "RSA") && (Alg is null || Alg == algorithm) && (kid is null || Kid == kid);
}
