using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Workspaces;

public static class WorkspaceErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "workspace_not_found", "There is no such workspace in this organization.");
    public static readonly Error MemberNotFound = new(ErrorKind.NotFound, "workspace_member_not_found", "This member of the organization is not in the workspace.");
    public static readonly Error SlugTaken = new(ErrorKind.Conflict, "workspace_slug_taken", "Another workspace of the organization has this slug; choose another.", "slug");
    public static readonly Error Archived = new(ErrorKind.Conflict, "workspace_archived", "The workspace is archived; restore it first.");
    public static readonly Error NotArchived = new(ErrorKind.Conflict, "workspace_not_archived", "The workspace is not archived: only an archived one is restored or deleted.");
    public static readonly Error DefaultNotArchived = new(ErrorKind.Conflict, "workspace_is_default", "New members join this workspace; make another one the default, or set isDefault to false, first.");
    public static readonly Error OwnerRole = new(ErrorKind.Invalid, "workspace_role_owner", "Owner is a role of organizations; a workspace has none.", "roles");
}
