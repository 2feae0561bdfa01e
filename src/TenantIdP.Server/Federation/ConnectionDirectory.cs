using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Saml.Keys;

namespace TenantIdP.Server.Federation;

/// <summary>A connection as it was when last read.</summary>
internal sealed record ConnectionSnapshot(
    Id<Connection> Id, Id<Organization> OrganizationId, string OrganizationName, int Version, string Issuer, string ClientId, string? ClientSecretSealed, SecretPlace SecretPlace,
    IReadOnlyList<string> Scopes, string SubjectClaim, string? TenantId)
{
    public ConnectionKind Kind { get; init; }
    public ConnectionStatus Status { get; init; }
    public bool OrganizationIsActive { get; init; }
    public SsoRoles? SsoRoles { get; init; }

    /// <summary>Set for SAML only, as are the next two.</summary>
    public SamlSettings? Saml { get; init; }

    /// <summary>The pinned ones, whose keys alone may sign.</summary>
    public IReadOnlyList<SamlCertificate> Certificates { get; init; } = [];

    public IReadOnlyList<string> AcsAliases { get; init; } = [];

    /// <summary>People may sign in through it.</summary>
    public bool IsLive => Status == ConnectionStatus.Active && OrganizationIsActive;
}

/// <summary>
/// Connections by id, evicted when they or their organization change and read again after five seconds in any case: that is how long a change may go unseen before a
/// sign-in starts when its message is lost. Finishing one reads the row itself.
/// Crosses organizations: a sign-in starts before there is a scope.
/// </summary>
internal sealed class ConnectionDirectory(IServiceScopeFactory scopes, TimeProvider clock, Telemetry telemetry) : INodeCache
{
    private const int Capacity = 4_000;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    private volatile int evictions;

    private readonly BoundedCache<Id<Connection>, (long ReadAt, ConnectionSnapshot Connection)> cache = new(Capacity, Fresh, clock);

    // By thumbprint, which is all there is to a certificate: reading one costs more than the row.
    private readonly BoundedCache<string, SamlCertificate> certificates = new(Capacity, TimeSpan.FromHours(1), clock);

    public string Name => NodeChange.Connections;

    /// <summary>Null when there is no such connection, or it or its organization is not active (SECURITY.md A9): what every sign-in asks.</summary>
    public async Task<ConnectionSnapshot?> FindAsync(Id<Connection> id, CancellationToken ct) => await FindAnyAsync(id, ct) is { IsLive: true } live ? live : null;

    /// <summary>Drafts and disabled ones too: for test runs, and for what an admin needs before anybody can sign in.</summary>
    public async Task<ConnectionSnapshot?> FindAnyAsync(Id<Connection> id, CancellationToken ct)
    {
        var isKept = cache.TryGet(id, out var known) && clock.GetElapsedTime(known.ReadAt) < Fresh;
        telemetry.CacheRequest(Name, isKept);
        if (isKept) return known.Connection;
        var (seen, readAt) = (evictions, clock.GetTimestamp());
        var read = await ReadAsync(id, ct);

        // Absence is not remembered: a guessed id must not push a real one out. Nor is what was read before an eviction: it would outlive the change that it was evicted for.
        if (read is null) cache.Remove(id);
        else if (seen == evictions) cache.Put(id, (readAt, read));
        return read;
    }

    /// <summary>Whose address from before a migration this is; not remembered, because few posts ask.</summary>
    public async Task<Id<Connection>?> FindAliasAsync(string address, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
        return await db.AcsAliases.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(a => a.Url == address).Select(a => (Id<Connection>?)a.ConnectionId).SingleOrDefaultAsync(ct);
    }

    /// <summary>Read again at once: for whoever has changed it a moment ago.</summary>
    public void Invalidate(Id<Connection> id) => Evict(id.ToString());

    /// <param name="key">A connection, an organization for all of its connections, or null for all there are.</param>
    public void Evict(string? key)
    {
        Interlocked.Increment(ref evictions);
        if (Id<Connection>.TryParse(key, out var connection)) cache.Remove(connection);
        else if (Id<Organization>.TryParse(key, out var organization)) cache.RemoveWhere(kept => kept.Connection.OrganizationId == organization);
        else cache.Clear();
    }

    private async Task<ConnectionSnapshot?> ReadAsync(Id<Connection> id, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
        var row = await (
            from c in db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where c.Id == id
            join o in db.Organizations on c.OrganizationId equals o.Id
            select new { Connection = c, o.DisplayName, o.Status }).AsNoTracking().SingleOrDefaultAsync(ct);
        if (row is null) return null;
        var found = row.Connection;
        var snapshot = new ConnectionSnapshot(
            found.Id, found.OrganizationId, row.DisplayName, found.Version, found.Issuer, found.ClientId, found.ClientSecretSealed, found.SecretPlace, found.Scopes, found.SubjectClaim, found.TenantId)
        {
            Kind = found.Kind, Status = found.Status, OrganizationIsActive = row.Status == OrganizationStatus.Active, SsoRoles = found.SsoRoles, Saml = found.Saml,
        };
        return found.Kind == ConnectionKind.Saml ? await WithSamlRowsAsync(db, snapshot, ct) : snapshot;
    }

    private async Task<ConnectionSnapshot> WithSamlRowsAsync(IdpDbContext db, ConnectionSnapshot snapshot, CancellationToken ct)
    {
        db.EnterOrganization(snapshot.OrganizationId);
        var pinned = await db.ConnectionCertificates.Where(c => c.ConnectionId == snapshot.Id).Select(c => new { c.Thumbprint, c.Der }).ToListAsync(ct);
        var aliases = await db.AcsAliases.Where(a => a.ConnectionId == snapshot.Id).Select(a => a.Url).ToListAsync(ct);
        return snapshot with { Certificates = [.. pinned.Select(c => Certificate(c.Thumbprint, c.Der)).OfType<SamlCertificate>()], AcsAliases = aliases };
    }

    private SamlCertificate? Certificate(string thumbprint, string der)
    {
        if (certificates.TryGet(thumbprint, out var known)) return known;
        if (!SamlCertificate.TryRead(der, out var read) || read is null || read.Thumbprint != thumbprint) return null;
        certificates.Put(thumbprint, read);
        return read;
    }
}
