using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Apis;

public static class ApiErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "api_not_found", "There is no such API.");
    public static readonly Error IdentifierInvalid = new(ErrorKind.Invalid, "api_identifier_invalid", "An API is named by an absolute URI without fragment, such as https://api.example.com.", "identifier");
    public static readonly Error IdentifierTaken = new(ErrorKind.Conflict, "api_identifier_taken", "Another API has this identifier.", "identifier");
    public static readonly Error IsManagement = new(ErrorKind.Conflict, "api_is_management", "The management API can't be deleted.");
    public static readonly Error TooMany = new(ErrorKind.Invalid, "too_many_permissions", "An API has at most 500 permissions and 100 scopes.", "permissions");
    public static readonly Error RoleUnknown = new(ErrorKind.Invalid, "role_not_built_in", "An API's permission can be given to owner, admin, member or guest; other roles list their permissions themselves.", "permissions");
    public static readonly Error ScopeInvalid = new(ErrorKind.Invalid, "scope_invalid", "A scope is 1 to 100 printable ASCII characters without space, quote and backslash.", "scopes");
    public static readonly Error LifetimeInvalid = new(ErrorKind.Invalid, "access_token_lifetime_invalid", "An access token lives 60 to 86400 seconds.", "accessTokenSeconds");
    public static readonly Error AlgorithmInvalid = new(ErrorKind.Invalid, "signing_algorithm_invalid", "Access tokens are signed with ES256 or RS256.", "signingAlgorithm");
}
