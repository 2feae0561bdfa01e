using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Core.Apps;

public enum AppKind
{
    /// <summary>Runs on a server and keeps a secret.</summary>
    Web,

    /// <summary>A browser or native app without a secret; always PKCE.</summary>
    Public,

    /// <summary>No user: client credentials only.</summary>
    Machine,
}

/// <summary>A relying application (an OpenID Connect client). Stored by the engine; this is all the product knows of it.</summary>
public sealed record App : IHasIdPrefix, IVersioned
{
    public static string IdPrefix => "app";

    public required Id<App> Id { get; init; }

    /// <summary>The <c>client_id</c>; equals the id except for the bootstrap app.</summary>
    public required string ClientId { get; init; }

    public required string DisplayName { get; init; }
    public required AppKind Kind { get; init; }

    /// <summary>Compared exactly (RFC 9700 section 2.1).</summary>
    public IReadOnlyList<string> RedirectUris { get; init; } = [];

    public IReadOnlyList<string> PostLogoutRedirectUris { get; init; } = [];

    /// <summary>Where a sign-in that starts elsewhere begins (OpenID Connect Core section 4).</summary>
    public string? InitiateLoginUri { get; init; }

    /// <summary>Where it is told that somebody is signed out (OpenID Connect Back-Channel Logout 1.0); null when it doesn't want to know.</summary>
    public string? BackchannelLogoutUri { get; init; }

    /// <summary>It needs the <c>sid</c> to be told (section 2.2 there), which is always in the token.</summary>
    public bool BackchannelLogoutSessionRequired { get; init; }

    /// <summary>Origins of single-page apps that may read the token endpoint's answer.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>Identifier of the API whose audience tokens carry when the request names no <c>resource</c>.</summary>
    public string? DefaultApi { get; init; }

    /// <summary>Identifiers of further APIs the app may name by <c>resource</c>, and whose tokens it may introspect.</summary>
    public IReadOnlyList<string> Apis { get; init; } = [];

    /// <summary>Off only for confidential apps, which must then send a nonce.</summary>
    public bool RequirePkce { get; init; } = true;

    /// <summary>A person without an organization is refused.</summary>
    public bool RequireOrganization { get; init; }

    /// <summary>Somebody else's: each person is asked before it gets anything of theirs (OpenID Connect Core section 3.1.2.4).</summary>
    public bool RequireConsent { get; init; }

    /// <summary>RS256 (OpenID Connect Core section 15.1) or ES256.</summary>
    public string IdTokenAlgorithm { get; init; } = "RS256";

    /// <summary>One of <see cref="AppAuthMethods"/>, and then no other; null for either form of its secret, or for nothing when it is public.</summary>
    public string? TokenEndpointAuthMethod { get; init; }

    /// <summary>The keys it signs its assertions with; null when it has none or publishes them.</summary>
    public AppKeySet? Jwks { get; init; }

    /// <summary>Where it publishes those keys.</summary>
    public string? JwksUri { get; init; }

    /// <summary>What it may use at the token endpoint: <see cref="AppGrantTypes"/>.</summary>
    public IReadOnlyList<string> GrantTypes { get; init; } = [];

    /// <summary>Seconds its access tokens live, when that is less than their API allows.</summary>
    public int? AccessTokenSeconds { get; init; }

    /// <summary>Days its refresh tokens live unused, when that is less than the instance allows.</summary>
    public int? RefreshTokenDays { get; init; }

    /// <summary>Days after which its families end whatever their use, when that is less than the instance allows.</summary>
    public int? RefreshTokenAbsoluteDays { get; init; }

    /// <summary>Claims in the shape of another product.</summary>
    public IReadOnlyList<ClaimRule> ClaimMap { get; init; } = [];

    /// <summary>Counts the changes, those of its secrets included.</summary>
    public int Version { get; init; }

    /// <summary>Whether a secret can prove anything for it.</summary>
    public bool HasSecret => Kind != AppKind.Public && TokenEndpointAuthMethod != AppAuthMethods.PrivateKeyJwt;

    public bool HasOfflineAccess => Scopes.Contains("offline_access");

    /// <summary>Whether tokens for this API are sent to it: a backend of the API, which may read and exchange them.</summary>
    public bool Serves(string api) => Kind == AppKind.Machine && (api == DefaultApi || Apis.Contains(api));
}

/// <summary>An app as just created, with the secret that is shown once; null for apps without one.</summary>
public sealed record CreatedApp(App App, string? ClientSecret);
