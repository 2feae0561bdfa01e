using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Directories;

public static class GroupErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "group_not_found", "There is no such group in this directory.");
    public static readonly Error NameTaken = new(ErrorKind.Conflict, "group_name_taken", "Another group of the directory has this name.", "displayName");
    public static readonly Error ExternalIdTaken = new(ErrorKind.Conflict, "group_external_id_taken", "Another group of the directory has this external id.", "externalId");

    public static readonly Error NameInvalid = new(ErrorKind.Invalid, "group_name_invalid", $"Give a name of 1 to {DirectoryGroup.MaxName} characters.", "displayName");

    public static readonly Error ExternalIdInvalid = new(ErrorKind.Invalid, "group_external_id_invalid", $"An external id has 1 to {DirectoryGroup.MaxExternalId} characters.", "externalId");

    public static readonly Error MappingNotFound = new(ErrorKind.NotFound, "group_mapping_not_found", "There is no such mapping in this directory.");
    public static readonly Error MappingExists = new(ErrorKind.Conflict, "group_mapping_exists", "The group gives this role already.");
    public static readonly Error MappingLimit = new(ErrorKind.Conflict, "group_mapping_limit", $"A directory has at most {GroupMapping.MaxPerDirectory} mappings: delete one first.");
    public static readonly Error OwnerMapped = new(ErrorKind.Invalid, "group_mapping_owner", "Owner is given by people, one at a time, and by no group.", "role");
    public static readonly Error MappingOfRole = new(ErrorKind.Conflict, "role_in_use", "A group of a directory gives this role: delete the mapping first, or name another with replaceWith.");

    /// <summary>A member that is not there: unknown, deleted, of another directory or organization, which are not told apart.</summary>
    /// <param name="value">As sent, cut and without control characters.</param>
    public static Error MemberUnknown(string value) =>
        new(ErrorKind.Invalid, "group_member_unknown", $"There is no user '{Shown(value)}' in this directory.", "members");

    private static string Shown(string value) => string.Concat(value.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)).Take(64));
}
