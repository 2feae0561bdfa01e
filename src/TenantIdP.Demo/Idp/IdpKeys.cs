using System.Security.Cryptography;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.IdentityModel.Tokens;

namespace TenantIdP.Demo.Idp;

/// <summary>The key that the JWKS publishes, and one that it does not.</summary>
internal sealed class IdpKeys : IDisposable
{
    private readonly RSA _published = RSA.Create(2048);
    private readonly RSA _foreign = RSA.Create(2048);

    public IdpKeys() => (Published, Foreign) = (KeyOf(_published), KeyOf(_foreign));

    public RsaSecurityKey Published { get; }

    public RsaSecurityKey Foreign { get; }

    public object Jwks()
    {
        var key = _published.ExportParameters(includePrivateParameters: false);
        return new
        {
            keys = new[]
            {
                new
                {
                    kty = "RSA",
                    use = "sig",
                    alg = SecurityAlgorithms.RsaSha256,
                    kid = Published.KeyId,
                    n = WebEncoders.Base64UrlEncode(key.Modulus!), // a public RSA export has both
                    e = WebEncoders.Base64UrlEncode(key.Exponent!),
                },
            },
        };
    }

    public void Dispose()
    {
        _published.Dispose();
        _foreign.Dispose();
    }

    private static RsaSecurityKey KeyOf(RSA rsa)
    {
        var key = new RsaSecurityKey(rsa);
        key.KeyId = WebEncoders.Base64UrlEncode(key.ComputeJwkThumbprint());
        return key;
    }
}
