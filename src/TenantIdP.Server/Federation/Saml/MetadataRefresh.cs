using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>
/// Reads the metadata of a connection again: on schedule, when an admin asks, and when a signature is by a key that isn't known, which may be the identity provider's next one.
/// At most once in five minutes for one connection, over all nodes, so that a forged answer makes nobody fetch.
/// </summary>
public sealed class MetadataRefresh(IdpDbContext db, SamlConnectionService connections, MetadataSource source, Leases leases)
{
    private static readonly TimeSpan Hold = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Least = TimeSpan.FromMinutes(5);

    public async Task<Result<Connection>> TryAsync(Id<Organization> organization, Id<Connection> id, CancellationToken ct)
    {
        db.EnterOrganization(organization);
        var connection = await db.Connections.AsNoTracking().SingleOrDefaultAsync(c => c.OrganizationId == organization && c.Id == id, ct);
        if (connection is null) return ConnectionErrors.NotFound;
        if (connection.Saml?.MetadataUrl is not { } url) return SamlErrors.MetadataNone;

        var (lease, holder) = ($"metadata_{id}", Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(16)));
        if (!await leases.TryTakeAsync(lease, holder, Hold, Least, ct)) return SamlErrors.MetadataTooSoon;
        try
        {
            var read = await source.FetchAsync(url, connection.Issuer, id.ToString(), ct);
            if (read.IsOk) return await connections.RefreshAsync(organization, id, read.Value, ct);
            // The connection's own was asked for: a document without it describes another one now.
            var error = read.Error.Code == SamlErrors.MetadataEntityUnknown.Code ? SamlErrors.MetadataEntityChanged : read.Error;
            await connections.RefusedAsync(organization, id, error.Code, ct);
            return error;
        }
        finally
        {
            await leases.GiveBackAsync(lease, holder, done: true, CancellationToken.None); // a failed one counts too
        }
    }

    /// <summary>Every connection with a metadata address, of all organizations.</summary>
    internal async Task<IReadOnlyList<(Id<Organization> Organization, Id<Connection> Connection)>> ListAsync(CancellationToken ct)
    {
        var found = await db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking()
            .Where(c => c.Kind == ConnectionKind.Saml && c.Status != ConnectionStatus.Disabled)
            .Select(c => new { c.OrganizationId, c.Id, c.Saml }).ToListAsync(ct);
        return [.. found.Where(c => c.Saml?.MetadataUrl is not null).Select(c => (c.OrganizationId, c.Id))];
    }
}
