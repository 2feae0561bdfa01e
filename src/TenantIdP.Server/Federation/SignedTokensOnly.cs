using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace TenantIdP.Server.Federation;

/// <summary>
/// OpenIdConnectHandler allows an unsigned id token in the code flow, where OpenID Connect Core section 3.1.3.7 item 6 lets TLS stand for the signature. Here the signature
/// is always checked: <c>alg: none</c> is refused (SECURITY.md A10).
/// </summary>
internal sealed class SignedTokensOnly : JsonWebTokenHandler
{
    public override Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
    {
        validationParameters.RequireSignedTokens = true;
        return base.ValidateTokenAsync(token, validationParameters);
    }
}
