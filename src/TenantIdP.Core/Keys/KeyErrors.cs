using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Keys;

public static class KeyErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "key_not_found", "There is no such key in this organization.");
    public static readonly Error PermissionsInvalid = new(ErrorKind.Invalid, "key_permissions_invalid", "A key has 1 to 50 permissions.", "permissions");
    public static readonly Error ExpiryInvalid = new(ErrorKind.Invalid, "key_expiry_invalid", "A key ends in the future, within ten years, or never.", "expiresAt");
    public static readonly Error Limit = new(ErrorKind.Conflict, "key_limit", "An organization has at most 100 keys: delete one that nobody uses.");
    public static readonly Error PersonRequired = new(ErrorKind.Forbidden, "key_maker_invalid", "A key is made and changed by a member or by an operator's app, not by another key or an app of the organization.");

    public static readonly Error OperatorsOwn = new(ErrorKind.Forbidden, "key_of_operator", "An operator's app made this key, and no member answers for it: only an operator's app changes it. You can delete it.");

    public static readonly Error PermissionRefused = new(ErrorKind.Invalid, "key_permission_refused",
        "No key controls sign-in (connections:write, directories:write, directories:sync, domains:write), apps:write, keys:write or organization:delete: a leaked one could take the organization over.", "permissions");
}
