using TenantIdP.Core.Apis;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Management;

/// <summary>Why a caller is not let in.</summary>
internal static class ManagementErrors
{
    public static readonly Error ScopeMissing = new(ErrorKind.Forbidden, "scope_missing", $"The token lacks the scope '{ManagementApi.Scope}'.");
    public static readonly Error OpenIdMissing = new(ErrorKind.Forbidden, "scope_missing", "The token lacks the scope 'openid'.");
    public static readonly Error UserRequired = new(ErrorKind.Forbidden, "user_required", "Only a person's token has an answer here.");
    public static readonly Error OperatorRequired = new(ErrorKind.Forbidden, "operator_required", "Only an operator's app may do this.");
    public static readonly Error InteractionRequired = new(ErrorKind.Forbidden, "interaction_required", "The organization asks for a sign-in of its own. Sign in again with this organization.");

    public static readonly Error SignInTooOld = new(ErrorKind.Forbidden, "recent_sign_in_required", "Sign in again (max_age=900): this needs a sign-in of the last 15 minutes.");

    public static Error PermissionMissing(string permission) => new(ErrorKind.Forbidden, "permission_missing", $"Your roles in this organization lack the permission '{permission}'.");
}
