using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Tokens;

/// <summary>
/// What an app was given: one refresh-token family, bound to one user, one session and exactly one organization (or none) at any time. Keeps its own copy of the proofs,
/// because it outlives the browser session's idle end.
/// </summary>
public sealed record Grant(Id<User> UserId, Id<Session> SessionId, Id<Organization>? OrganizationId, Id<App> AppId, IReadOnlyList<SessionProof> Proofs)
{
    /// <summary>Of the organization; null for tokens of the whole of it.</summary>
    public Id<Workspace>? WorkspaceId { get; init; }
}
