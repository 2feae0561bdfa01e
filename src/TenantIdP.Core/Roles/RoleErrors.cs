using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Roles;

public static class RoleErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "role_not_found", "There is no such role in this organization.");
    public static readonly Error KeyInvalid = new(ErrorKind.Invalid, "role_key_invalid", "A role key is 2 to 63 of a-z, 0-9, '-' and '_' and starts with a letter.", "key");
    public static readonly Error KeyTaken = new(ErrorKind.Conflict, "role_key_taken", "A role with this key exists already.", "key");
    public static readonly Error BuiltIn = new(ErrorKind.Conflict, "role_built_in", "Owner is as it is, and built-in roles are neither deleted nor extend others; create a role of your own.");
    public static readonly Error BuiltInWidened = new(ErrorKind.Invalid, "role_built_in_widened", "A built-in role can only be narrowed: give some of the permissions that docs/roles.md lists for it.", "permissions");
    public static readonly Error ExtendsUnknown = new(ErrorKind.Invalid, "extended_role_unknown", "Give the key of another role that exists where this one does.", "extends");
    public static readonly Error ExtendsOwner = new(ErrorKind.Invalid, "extends_owner", "Owner can't be extended: grant it to people one at a time.", "extends");
    public static readonly Error ExtendsCycle = new(ErrorKind.Invalid, "role_extends_itself", "The role would extend itself: one that it names extends it already.", "extends");
    public static readonly Error ExtendsTooDeep = new(ErrorKind.Invalid, "role_hierarchy_too_deep", "At most five roles extend one another in a row.", "extends");
    public static readonly Error Extended = new(ErrorKind.Conflict, "role_in_use", "Other roles extend this one: change them first.");
    public static readonly Error AssignableByInvalid = new(ErrorKind.Invalid, "assignable_by_invalid", "Give at most 20 keys of roles.", "assignableBy");
    public static readonly Error OfInstance = new(ErrorKind.Conflict, "role_of_instance", "This role belongs to the instance; create a role of your own.");
    public static readonly Error Limit = new(ErrorKind.Conflict, "role_limit", "The organization has as many roles of its own as it may: delete one first.");
    public static readonly Error TooManyPermissions = new(ErrorKind.Invalid, "too_many_permissions", "A role holds at most 200 permissions.", "permissions");
    public static readonly Error InUse = new(ErrorKind.Conflict, "role_in_use", "Members still have this role: take it from them first, or name another with replaceWith.");
    public static readonly Error DefaultOfConnection = new(ErrorKind.Conflict, "role_in_use", "A connection gives this role: choose another there first, or name another with replaceWith.");
    public static readonly Error DefaultOfDirectory = new(ErrorKind.Conflict, "role_in_use", "A directory gives this role: choose another there first, or name another with replaceWith.");
    public static readonly Error ReplacementUnknown = new(ErrorKind.Invalid, "role_unknown", "Give the key of another role that exists where this one does.", "replaceWith");
    public static readonly Error ReplacementOwner = new(ErrorKind.Invalid, "replacement_is_owner", "Owner takes no other role's place: grant it to people one at a time.", "replaceWith");
    public static readonly Error Unknown = new(ErrorKind.Invalid, "role_unknown", "There is no role with this key in this organization.", "roles");

    public static Error PermissionInvalid(string permission) =>
        new(ErrorKind.Invalid, "permission_invalid", $"'{(permission.Length > 40 ? permission[..40] : permission)}' is not of the form resource:action.", "permissions");

    public static Error PermissionUndeclared(string permission) =>
        new(ErrorKind.Invalid, "permission_unknown", $"No API declares '{(permission.Length > 40 ? permission[..40] : permission)}'. Outside Development this is answered with no.", "checks");

    public static readonly Error Escalation = new(ErrorKind.Forbidden, "role_escalation", "Nobody can grant or revoke a role with permissions they lack; only an owner can grant or revoke Owner.");
}
