using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Apps;

public static class AppErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "app_not_found", "There is no such app.");
    public static readonly Error RedirectUriInvalid = new(ErrorKind.Invalid, "redirect_uri_invalid", "A redirect URI is absolute, https (http on loopback in Development only), without fragment or wildcard.", "redirectUris");
    public static readonly Error RedirectUriRequired = new(ErrorKind.Invalid, "redirect_uri_required", "Give at least one redirect URI; only machine apps have none.", "redirectUris");
    public static readonly Error PkceRequired = new(ErrorKind.Invalid, "pkce_required", "An app without a secret always uses PKCE.", "requirePkce");
    public static readonly Error ScopeInvalid = new(ErrorKind.Invalid, "scope_invalid", "A scope is 1 to 100 printable ASCII characters without space, quote and backslash.", "scopes");
    public static readonly Error OriginInvalid = new(ErrorKind.Invalid, "origin_invalid", "An origin is scheme, host and port only, such as https://app.example.com.", "allowedOrigins");
    public static readonly Error AlgorithmInvalid = new(ErrorKind.Invalid, "id_token_algorithm_invalid", "Id tokens are signed with RS256 or ES256.", "idTokenAlgorithm");
    public static readonly Error SecretInUse = new(ErrorKind.Conflict, "app_without_secret", "This app has no secret.");
    public static readonly Error ApiUnknown = new(ErrorKind.Invalid, "default_api_unknown", "No API has this identifier.", "defaultApi");
}
