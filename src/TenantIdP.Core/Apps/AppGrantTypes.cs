namespace TenantIdP.Core.Apps;

/// <summary>The grants an app may use at the token endpoint, by their names there.</summary>
public static class AppGrantTypes
{
    public const string AuthorizationCode = "authorization_code";
    public const string RefreshToken = "refresh_token";
    public const string ClientCredentials = "client_credentials";

    /// <summary>RFC 8693. No app has it without naming it.</summary>
    public const string TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";

    /// <summary>RFC 8628. No app has it without naming it.</summary>
    public const string DeviceCode = "urn:ietf:params:oauth:grant-type:device_code";

    private static readonly string[] People = [AuthorizationCode, RefreshToken];
    private static readonly string[] OfPublic = [.. People, DeviceCode];
    private static readonly string[] OfWeb = [.. People, DeviceCode, ClientCredentials, TokenExchange];
    private static readonly string[] OfMachine = [ClientCredentials, TokenExchange];

    /// <summary>What an app of this kind can be allowed at all: without a secret nothing that a secret protects, without people nothing that speaks of them.</summary>
    public static IReadOnlyList<string> Possible(AppKind kind) => kind switch { AppKind.Web => OfWeb, AppKind.Public => OfPublic, AppKind.Machine => OfMachine };

    /// <summary>What an app gets that names none.</summary>
    public static IReadOnlyList<string> Default(AppKind kind, IReadOnlyList<string> scopes) => kind switch
    {
        AppKind.Machine => [ClientCredentials],
        AppKind.Web when scopes.Any(Apis.ManagementApi.Scopes.Contains) => [.. People, ClientCredentials],
        _ => People,
    };
}
