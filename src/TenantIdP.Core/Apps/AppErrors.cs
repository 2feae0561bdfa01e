using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Apps;

public static class AppErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "app_not_found", "There is no such app.");
    public static readonly Error RedirectUriInvalid = new(ErrorKind.Invalid, "redirect_uri_invalid", "A redirect URI is absolute, https (http on loopback in Development only), without fragment or wildcard.", "redirectUris");
    public static readonly Error RedirectUriRequired = new(ErrorKind.Invalid, "redirect_uri_required", "Give at least one redirect URI: the grant authorization_code needs it.", "redirectUris");
    public static readonly Error PkceRequired = new(ErrorKind.Invalid, "pkce_required", "An app without a secret always uses PKCE.", "requirePkce");
    public static readonly Error ScopeInvalid = new(ErrorKind.Invalid, "scope_invalid", "A scope is 1 to 100 printable ASCII characters without space, quote and backslash.", "scopes");
    public static readonly Error OriginInvalid = new(ErrorKind.Invalid, "origin_invalid", "An origin is scheme, host and port only, such as https://app.example.com.", "allowedOrigins");
    public static readonly Error AlgorithmInvalid = new(ErrorKind.Invalid, "id_token_algorithm_invalid", "Id tokens are signed with RS256 or ES256.", "idTokenAlgorithm");
    public static readonly Error SecretInUse = new(ErrorKind.Conflict, "app_without_secret", "This app has no secret.");
    public static readonly Error AuthMethodInvalid = new(ErrorKind.Invalid, "token_endpoint_auth_method_invalid", "An app with a secret names client_secret_basic, client_secret_post or private_key_jwt, a public one none.", "tokenEndpointAuthMethod");
    public static readonly Error JwksRequired = new(ErrorKind.Invalid, "jwks_required", "private_key_jwt needs either jwks or jwksUri; with every other method both are null.", "jwks");
    public static readonly Error JwksInvalid = new(ErrorKind.Invalid, "jwks_invalid", "A key set has 1 to 10 public keys for signing, each kid once: RSA of 2048 to 4096 bits for RS256 or PS256, EC on P-256 for ES256.", "jwks");
    public static readonly Error JwksPrivate = new(ErrorKind.Invalid, "jwks_private_key", "A private or secret key was sent. Send public keys only, and replace this one: it has left its place.", "jwks");
    public static readonly Error JwksUriInvalid = new(ErrorKind.Invalid, "jwks_uri_invalid", "The address of a key set is absolute and https (http on loopback in Development only).", "jwksUri");
    public static readonly Error ApiUnknown = new(ErrorKind.Invalid, "default_api_unknown", "No API has this identifier.", "defaultApi");
    public static readonly Error GrantTypesInvalid = new(ErrorKind.Invalid, "grant_types_invalid", "Name at least one grant that the app's kind can use, each once; refresh_token only together with one that gives it.", "grantTypes");
    public static readonly Error AccessLifetimeInvalid = new(ErrorKind.Invalid, "access_token_lifetime_invalid", "An access token lives 60 to 86400 seconds.", "accessTokenSeconds");
    public static readonly Error RefreshLifetimeInvalid = new(ErrorKind.Invalid, "refresh_token_lifetime_invalid", "A refresh token lives 1 to 365 days unused, its family 1 to 730 days.", "refreshTokenDays");
    public static readonly Error SecretNotFound = new(ErrorKind.NotFound, "app_secret_not_found", "The app has no such secret.");
    public static readonly Error SecretLimit = new(ErrorKind.Conflict, "app_secret_limit", "The app has two secrets already: delete one, or give overlapSeconds to end them.");
    public static readonly Error SecretExpiryInvalid = new(ErrorKind.Invalid, "secret_expiry_invalid", "A secret expires in the future.", "expiresAt");
    public static readonly Error OverlapInvalid = new(ErrorKind.Invalid, "overlap_invalid", "An overlap is 0 to 2592000 seconds (30 days).", "overlapSeconds");
    public static readonly Error ConsentNotFound = new(ErrorKind.NotFound, "app_consent_not_found", "The user has allowed this app nothing.");
    public static readonly Error NotGranted = new(ErrorKind.NotFound, "app_grant_not_found", "The organization has granted this app nothing.");
    public static readonly Error TooManyPermissions = new(ErrorKind.Invalid, "too_many_permissions", "An app is granted at most 200 permissions in an organization.", "permissions");
}
