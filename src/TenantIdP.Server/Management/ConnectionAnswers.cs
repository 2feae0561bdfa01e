using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Federation.Saml;

namespace TenantIdP.Server.Management;

/// <summary>Shows connections with what belongs to them: a SAML one with its certificates and with what is entered at the identity provider.</summary>
internal sealed class ConnectionAnswers(SamlConnectionService saml, ServiceProviderKeyCache keys, IssuerOptions issuer, TimeProvider clock)
{
    public async Task<Result<ConnectionResponse>> ShowAsync(Result<Connection> found, CancellationToken ct)
    {
        if (!found.IsOk) return found.Error;
        return (await ShowAsync(found.Value.OrganizationId, [found.Value], ct))[0];
    }

    public async Task<Result<Page<ConnectionResponse>>> ShowAsync(Id<Organization> organization, Result<Page<Connection>> found, CancellationToken ct)
    {
        if (!found.IsOk) return found.Error;
        return new Page<ConnectionResponse>(await ShowAsync(organization, found.Value.Items, ct), found.Value.Next);
    }

    private async Task<IReadOnlyList<ConnectionResponse>> ShowAsync(Id<Organization> organization, IReadOnlyList<Connection> connections, CancellationToken ct)
    {
        var ids = connections.Where(c => c.Kind == ConnectionKind.Saml).Select(c => c.Id).ToList();
        if (ids.Count == 0) return [.. connections.Select(c => ConnectionResponse.From(c, null))];
        var (certificates, aliases) = (await saml.CertificatesAsync(organization, ids, ct), await saml.AcsAliasesAsync(organization, ids, ct));
        var shown = new List<ConnectionResponse>();
        foreach (var connection in connections)
        {
            if (connection.Saml is not { } settings)
            {
                shown.Add(ConnectionResponse.From(connection, null));
                continue;
            }

            var pinned = certificates[connection.Id].Select(c => ConnectionCertificateResponse.From(c, clock.GetUtcNow())).ToList();
            shown.Add(ConnectionResponse.From(connection, SamlConnectionResponse.From(connection.Issuer, settings, pinned, [.. aliases[connection.Id]], await ProviderAsync(connection, settings, ct))));
        }

        return shown;
    }

    private async Task<ServiceProviderResponse> ProviderAsync(Connection connection, SamlSettings settings, CancellationToken ct)
    {
        var addresses = SamlAddresses.Of(issuer.Issuer, connection.Id);
        var set = await keys.FindAsync(connection.OrganizationId, connection.Id, ct);
        return new ServiceProviderResponse(addresses.EntityId(settings), addresses.Acs, addresses.Slo, addresses.Metadata, [.. set.PublishedSigning.Select(c => c.ToPem())]);
    }
}
