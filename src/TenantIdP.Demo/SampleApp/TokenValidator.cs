using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace TenantIdP.Demo.SampleApp;

/// <summary>Validates what the issuer sends, with the handler's own discovery cache and keys.</summary>
internal sealed class TokenValidator(IOptionsMonitor<OpenIdConnectOptions> oidc, LedgerlineOptions options)
{
    private static readonly JsonWebTokenHandler Tokens = new();

    public OpenIdConnectOptions Oidc => oidc.Get(OpenIdConnectDefaults.AuthenticationScheme);

    /// <summary>The person and organization of an id token that came with a refresh; null when it is not good.</summary>
    public Task<ClaimsIdentity?> IdTokenAsync(string? token) => ValidateAsync(token, options.ClientId, type: null);

    /// <summary>The claims of an access token for this app's API; null when it is for another audience, expired or forged.</summary>
    public Task<ClaimsIdentity?> AccessTokenAsync(string? token) => ValidateAsync(token, options.ApiIdentifier, "at+jwt");

    private async Task<ClaimsIdentity?> ValidateAsync(string? token, string audience, string? type)
    {
        if (token is null)
            return null;

        var parameters = Oidc.TokenValidationParameters.Clone();
        // Issuer and keys come from discovery, which is read again when a key is not known.
        parameters.ConfigurationManager = (BaseConfigurationManager?)Oidc.ConfigurationManager;
        parameters.ValidAudience = audience;
        parameters.ValidTypes = type is null ? null : [type];
        var result = await Tokens.ValidateTokenAsync(token, parameters);
        return result.IsValid ? result.ClaimsIdentity : null;
    }
}
