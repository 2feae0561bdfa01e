using System.Text.Json;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;
using TenantIdP.Engine.OpenIddict.Stores;

namespace TenantIdP.Engine.OpenIddict.Tokens;

/// <summary>Between the engine's row and Core's <see cref="Grant"/>.</summary>
internal static class Grants
{
    public static Grant ToGrant(OidcAuthorization row, Guid applicationId) => new(
        new Id<User>(row.UserId),
        new Id<Session>(row.SessionId),
        row.OrganizationId is { } organization ? new Id<Organization>(organization) : null,
        new Id<App>(applicationId),
        JsonSerializer.Deserialize<List<SessionProof>>(row.Proofs, JsonText.Options) ?? [])
    {
        WorkspaceId = row.WorkspaceId is { } workspace ? new Id<Workspace>(workspace) : null,
    };

    public static string Write(IReadOnlyList<SessionProof> proofs) => JsonSerializer.Serialize(proofs, JsonText.Options);
}
