using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using TenantIdP.Core.Apps;

namespace TenantIdP.Testing.Clients;

/// <summary>The key of an app that authenticates by assertions, and the assertions it makes with it: right ones, and whatever a test wants to be wrong.</summary>
public sealed class SigningApp : IDisposable
{
    public const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    private readonly ECDsa ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly RSA rsa = RSA.Create(2_048);

    public const string EcKid = "ec-1", RsaKid = "rsa-1";

    public AppKey EcKey
    {
        get
        {
            var q = ec.ExportParameters(false).Q;
            return new AppKey { Kty = "EC", Crv = "P-256", Kid = EcKid, X = Base64Url.EncodeToString(q.X), Y = Base64Url.EncodeToString(q.Y) };
        }
    }

    public AppKey RsaKey
    {
        get
        {
            var parameters = rsa.ExportParameters(false);
            return new AppKey { Kty = "RSA", Kid = RsaKid, N = Base64Url.EncodeToString(parameters.Modulus), E = Base64Url.EncodeToString(parameters.Exponent) };
        }
    }

    public AppKeySet Keys => new([EcKey, RsaKey]);

    /// <summary>The private key, for a program of others.</summary>
    public string EcPkcs8Pem => ec.ExportPkcs8PrivateKeyPem();

    /// <summary>The claims of a right one.</summary>
    public static JsonObject Claims(string clientId, string audience, DateTimeOffset now) => new()
    {
        ["iss"] = clientId, ["sub"] = clientId, ["aud"] = audience, ["jti"] = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)), ["iat"] = now.ToUnixTimeSeconds(), ["exp"] = now.AddSeconds(60).ToUnixTimeSeconds(),
    };

    /// <param name="algorithm">ES256, RS256 or PS256; HS256 with the RSA key's public part as the secret; none for no signature.</param>
    public string Sign(JsonObject claims, string algorithm = "ES256", JsonObject? header = null, string? kid = null)
    {
        var head = new JsonObject { ["alg"] = algorithm, ["typ"] = "JWT", ["kid"] = kid ?? (algorithm == "ES256" ? EcKid : RsaKid) };
        foreach (var (name, value) in header ?? []) head[name] = value?.DeepClone();
        var signed = $"{Encode(head)}.{Encode(claims)}";
        var bytes = Encoding.ASCII.GetBytes(signed);
        var signature = algorithm switch
        {
            "ES256" => ec.SignData(bytes, HashAlgorithmName.SHA256),
            "RS256" => rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            "PS256" => rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            "RS512" => rsa.SignData(bytes, HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1),
            "HS256" => HMACSHA256.HashData(rsa.ExportSubjectPublicKeyInfo(), bytes),
            _ => [],
        };
        return $"{signed}.{Base64Url.EncodeToString(signature)}";
    }

    public static (string Name, string Value)[] Form(string assertion) => [("client_assertion_type", AssertionType), ("client_assertion", assertion)];

    public void Dispose()
    {
        ec.Dispose();
        rsa.Dispose();
    }

    private static string Encode(JsonObject part) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(part));
}
