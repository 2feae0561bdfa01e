using System.Globalization;
using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace TenantIdP.Client.Sessions;

internal sealed record Target(string Organization, string? Workspace);

/// <summary>The refresh grant, and the validation of what comes back, with the sign-in handler's own discovery cache, keys and back channel.</summary>
internal sealed class TokenEndpoint(IOptionsMonitor<OpenIdConnectOptions> handlers, IOptions<TenantIdPOptions> options, ILogger<TokenEndpoint> log)
{
    private static readonly JsonWebTokenHandler Tokens = new();

    private OpenIdConnectOptions Oidc => handlers.Get(TenantIdPSchemes.SignIn);

    /// <summary>The answer, an error inside it; null when there was none that can be read.</summary>
    public async Task<OpenIdConnectMessage?> RefreshAsync(string refreshToken, Target? target, CancellationToken ct)
    {
        var fields = new Dictionary<string, string>
        {
            ["grant_type"] = "refresh_token", ["refresh_token"] = refreshToken, ["client_id"] = options.Value.ClientId, ["client_secret"] = options.Value.ClientSecret,
        };
        if (target is not null)
            fields[TenantIdPChallenge.Organization] = target.Organization;
        if (target?.Workspace is { } workspace)
            fields[TenantIdPChallenge.Workspace] = workspace;

        try
        {
            var issuer = await Oidc.ConfigurationManager!.GetConfigurationAsync(ct); // the handler always sets one
            using var content = new FormUrlEncodedContent(fields);
            using var response = await Oidc.Backchannel.PostAsync(new Uri(issuer.TokenEndpoint), content, ct);
            var answer = new OpenIdConnectMessage(await response.Content.ReadAsStringAsync(ct));
            return response.IsSuccessStatusCode == (answer.Error is null) ? answer : null;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or InvalidOperationException or JsonException or ArgumentException or UriFormatException)
        {
            Log.RefreshFailed(log, exception);
            return null;
        }
    }

    /// <summary>Person and organization of an id token that came with a refresh; null when it is not good.</summary>
    public Task<ClaimsIdentity?> IdTokenAsync(string? token) => ValidateAsync(token, options.Value.ClientId, type: null);

    /// <summary>The claims of an access token of the configured API; null without one, and for a token of another audience.</summary>
    public async Task<ClaimsIdentity?> AccessTokenAsync(string? token)
    {
        if (options.Value.Api is not { } api)
            return null;

        var identity = await ValidateAsync(token, api, "at+jwt");
        if (identity is null)
            Log.ForeignAccessToken(log);
        return identity;
    }

    public static TimeSpan LifetimeOf(OpenIdConnectMessage answer) =>
        TimeSpan.FromSeconds(int.TryParse(answer.ExpiresIn, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0);

    private async Task<ClaimsIdentity?> ValidateAsync(string? token, string audience, string? type)
    {
        if (string.IsNullOrEmpty(token))
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
