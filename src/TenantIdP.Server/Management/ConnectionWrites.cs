using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Server.Management;

/// <summary>Sends a request to the use case of the connection's kind.</summary>
internal sealed class ConnectionWrites(ConnectionService connections, SamlConnectionService saml, ManagementCaller caller)
{
    public async Task<Result<Connection>> CreateAsync(Id<Organization> organization, CreateConnectionRequest request, CancellationToken ct)
    {
        if (request.Kind == ConnectionKind.Oidc) return request.Saml is null ? await connections.CreateOidcAsync(organization, request.ToOidc(), caller.Granter, ct) : ConnectionErrors.OtherKind;
        if (request.Saml is null || request.NamesOidc) return ConnectionErrors.OtherKind;
        var changes = request.Saml.ToChanges(null);
        return changes.IsOk ? await saml.CreateAsync(organization, request.ToSaml(changes.Value), caller.Granter, ct) : changes.Error;
    }

    public async Task<Result<Connection>> UpdateAsync(Id<Organization> organization, Id<Connection> id, ConnectionChangesRequest request, int? expectedVersion, CancellationToken ct)
    {
        var found = await connections.FindAsync(organization, id, ct);
        if (!found.IsOk) return found.Error;
        if (found.Value.Kind == ConnectionKind.Oidc)
            return request.Saml is null ? await connections.UpdateOidcAsync(organization, id, request.ToOidc(), caller.Granter, expectedVersion, ct) : ConnectionErrors.OtherKind;
        if (request.NamesOidc) return ConnectionErrors.OtherKind;
        if (request.Saml is null) return await saml.UpdateAsync(organization, id, request.ToShared(), null, caller.Granter, expectedVersion, ct);
        var changes = request.Saml.ToChanges(null);
        return changes.IsOk ? await saml.UpdateAsync(organization, id, request.ToShared(), changes.Value, caller.Granter, expectedVersion, ct) : changes.Error;
    }
}
