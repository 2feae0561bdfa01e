using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Server.Federation.Saml;

namespace TenantIdP.Server.Management;

/// <summary>Sends a request to the use case of the connection's kind.</summary>
internal sealed class ConnectionWrites(ConnectionService connections, SamlConnectionService saml, MetadataReader read, MetadataSource source, ManagementCaller caller)
{
    public async Task<Result<Connection>> CreateAsync(Id<Organization> organization, CreateConnectionRequest request, CancellationToken ct)
    {
        if (request.Kind == ConnectionKind.Oidc) return request.Saml is null ? await connections.CreateOidcAsync(organization, request.ToOidc(), caller.Granter, ct) : ConnectionErrors.OtherKind;
        if (request.Saml is null || request.NamesOidc) return ConnectionErrors.OtherKind;
        var changes = await ChangesAsync(request.Saml, organization, isNew: true, ct);
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
        var changes = await ChangesAsync(request.Saml, organization, isNew: false, ct);
        return changes.IsOk ? await saml.UpdateAsync(organization, id, request.ToShared(), changes.Value, caller.Granter, expectedVersion, ct) : changes.Error;
    }

    private async Task<Result<SamlConnectionChanges>> ChangesAsync(SamlConnectionBody body, Id<Organization> organization, bool isNew, CancellationToken ct)
    {
        if (body.MetadataXml is { } xml)
        {
            if (body.MetadataUrl.Value is not null) return SamlErrors.MetadataTwice;
            var pasted = read(xml, body.MetadataEntityId);
            return pasted.IsOk ? body.ToChanges(pasted.Value) : pasted.Error;
        }

        if (!isNew || body.EntityId.IsPresent || body.MetadataUrl.Value is not { } url) return body.ToChanges(null);
        var fetched = await source.FetchAsync(url, body.MetadataEntityId, organization.ToString(), ct);
        return fetched.IsOk ? body.ToChanges(fetched.Value) : fetched.Error;
    }
}
