using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Roles;

public static class RoleSetErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "role_set_not_found", "There is no such role set.");
    public static readonly Error Unknown = new(ErrorKind.Invalid, "role_set_unknown", "There is no role set with this id.", "roleSetId");
    public static readonly Error TooManyRoles = new(ErrorKind.Invalid, "role_set_too_large", "A role set has at most 200 roles.", "roles");
    public static readonly Error TooMany = new(ErrorKind.Conflict, "role_set_limit", "An instance has at most 100 role sets.");
    public static readonly Error RoleUnknown = new(ErrorKind.Invalid, "role_unknown", "A role set names roles of the instance by their keys.", "roles");
    public static readonly Error InUse = new(ErrorKind.Conflict, "role_set_in_use", "Organizations use this role set: give them another one first.");

    public static readonly Error RolesInUse = new(ErrorKind.Conflict, "roles_in_use",
        "Roles that the set would leave out are in use: GET …/role-set/impact of the organization says which. Name a role for each in replaceWith.", "replaceWith");

    public static readonly Error RolesOfSetInUse = new(ErrorKind.Conflict, "roles_in_use",
        "An organization with this set uses a role that would leave it: give the organization another set first, with a role in place of that one.", "roles");

    public static readonly Error ReplacementInvalid = new(ErrorKind.Invalid, "replacement_invalid",
        "replaceWith names, for roles that the set leaves out, keys of roles that the organization has with the set; none of them is owner.", "replaceWith");
}
