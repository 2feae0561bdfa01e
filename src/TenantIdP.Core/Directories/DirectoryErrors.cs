using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Directories;

public static class DirectoryErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "directory_not_found", "There is no such directory in this organization.");
    public static readonly Error Limit = new(ErrorKind.Conflict, "directory_limit", "An organization has at most 10 directories: delete one that nobody uses.");
    public static readonly Error RolePrivileged = new(ErrorKind.Invalid, "directory_role_privileged", "Owner and Admin can't be the default role of a directory.", "defaultRole");
    public static readonly Error RoleUnknown = new(ErrorKind.Invalid, "directory_role_unknown", "There is no role with this key in this organization.", "defaultRole");

    public static readonly Error AttributesInvalid = new(
        ErrorKind.Invalid, "directory_attributes_invalid",
        "A directory has at most 30 attributes of its own, each with another name: a letter, then letters, digits, - and _, at most 64, and none of schemas, id, externalId, meta, password. A description has at most 200 characters.",
        "customAttributes");

    public static readonly Error AttributeFixed = new(
        ErrorKind.Conflict, "directory_attribute_fixed", "An attribute keeps its type, and whether it has several values: take it out first, and define it anew then.", "customAttributes");

    public static readonly Error SyncNotGranted = new(ErrorKind.Forbidden, "directory_sync_not_granted", "The organization has not granted this app the permission 'directories:sync'.");

    public static readonly Error TokenNotFound = new(ErrorKind.NotFound, "directory_token_not_found", "There is no such token in this directory.");
    public static readonly Error TokenLimit = new(ErrorKind.Conflict, "directory_token_limit", "A directory has at most two live tokens: revoke the one that is not used any more.");
    public static readonly Error ExpiryInvalid = new(ErrorKind.Invalid, "directory_token_expiry_invalid", "A token ends in the future, within ten years, or never.", "expiresAt");
    public static readonly Error OverlapInvalid = new(ErrorKind.Invalid, "directory_token_overlap_invalid", "The old token goes on for 0 seconds to 30 days.", "overlapSeconds");
    public static readonly Error TokenEnded = new(ErrorKind.Conflict, "directory_token_ended", "This token has ended: create a new one instead.");
}
