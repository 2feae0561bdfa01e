using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace TenantIdP.Server.Federation;

/// <summary>What a discovery document must say before anything of it is used (OpenID Connect Discovery 1.0 section 4.3, SECURITY.md G2).</summary>
internal sealed class UpstreamMetadataRules(ConnectionSnapshot connection, bool allowHttp) : IConfigurationValidator<OpenIdConnectConfiguration>
{
    /// <summary>Microsoft Entra ID publishes this in the place of the tenant when a document serves several.</summary>
    private const string TenantPlaceholder = "{tenantid}";

    public ConfigurationValidationResult Validate(OpenIdConnectConfiguration configuration)
    {
        if (ExpectedIssuer(connection, configuration.Issuer) is null) return Refuse("The discovery document is of another issuer.");
        if (!IsEndpoint(configuration.AuthorizationEndpoint)) return Refuse("The authorization endpoint is missing or not https.");
        if (!IsEndpoint(configuration.TokenEndpoint)) return Refuse("The token endpoint is missing or not https.");
        if (!IsEndpoint(configuration.JwksUri)) return Refuse("The key set is missing or not https.");
        if (configuration.UserInfoEndpoint is { Length: > 0 } userInfo && !IsEndpoint(userInfo)) return Refuse("The userinfo endpoint is not https.");
        return configuration.SigningKeys.Count == 0 ? Refuse("The key set has no usable key.") : new ConfigurationValidationResult { Succeeded = true };
    }

    /// <summary>The only issuer an id token may have, or null when the published one is not this connection's.</summary>
    public static string? ExpectedIssuer(ConnectionSnapshot connection, string? published)
    {
        if (published is null) return null;
        var isTemplate = published.Contains(TenantPlaceholder, StringComparison.Ordinal);
        if (!isTemplate) return published == connection.Issuer ? published : null;
        if (connection.TenantId is not { } tenant) return null;
        return Uri.TryCreate(published, UriKind.Absolute, out var there) && Uri.TryCreate(connection.Issuer, UriKind.Absolute, out var here)
            && there.GetLeftPart(UriPartial.Authority) == here.GetLeftPart(UriPartial.Authority)
            ? published.Replace(TenantPlaceholder, tenant, StringComparison.Ordinal)
            : null;
    }

    private bool IsEndpoint(string? address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) && UpstreamDocuments.IsAllowed(uri, allowHttp) && uri.UserInfo.Length == 0;

    private static ConfigurationValidationResult Refuse(string why) => new() { Succeeded = false, ErrorMessage = why };
}
