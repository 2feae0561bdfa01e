using System.Diagnostics.Metrics;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Connections;

/// <summary>What is left of the certificates by which identity providers know this instance. Those of single connections are announced by events.</summary>
public sealed class InstanceCertificateLife(IdpDbContext db, TimeProvider clock) : IGaugeSource
{
    public static GaugeDescription Gauge { get; } = new("tenantidp.saml.certificate.remaining", "s", "Time until the newest SAML certificate of the instance ends, by use.");

    public async Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var ours = await db.ServiceProviderKeys.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            .Where(k => k.OrganizationId == Organization.Instance && (k.RetiresAt == null || k.RetiresAt > now)).Select(k => new { k.Use, k.NotAfter }).ToListAsync(ct);
        return [.. ours.GroupBy(k => k.Use).Select(g => new Measurement<double>((g.Max(k => k.NotAfter) - now).TotalSeconds, new KeyValuePair<string, object?>("tenantidp.saml.key.use", g.Key == KeyUse.Signing ? "signing" : "encryption")))];
    }
}

/// <summary>How many active connections have no pinned certificate that lasts. A count and no list, so that it costs the same to keep for ten or for 100,000 of them. Crosses organizations.</summary>
public sealed class ConnectionsWithoutCertificate(IdpDbContext db, TimeProvider clock) : IGaugeSource
{
    private static readonly (string Name, int Days)[] Horizons = [("expired", 0), ("7d", 7), ("30d", 30)];

    public static GaugeDescription Gauge { get; } = new("tenantidp.connection.certificates_ending", "{connection}", "Active SAML connections whose last pinned certificate has ended, or ends within 7 or 30 days.");

    public async Task<IReadOnlyList<Measurement<double>>> ReadAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var measured = new List<Measurement<double>>();
        foreach (var (name, days) in Horizons)
        {
            var by = now + TimeSpan.FromDays(days);
            var pinned = db.ConnectionCertificates.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]);
            var count = await db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
                .CountAsync(
                    c => c.Status == ConnectionStatus.Active && c.Kind == ConnectionKind.Saml
                        && pinned.Any(p => p.OrganizationId == c.OrganizationId && p.ConnectionId == c.Id && p.NotAfter <= by)
                        && !pinned.Any(p => p.OrganizationId == c.OrganizationId && p.ConnectionId == c.Id && p.NotAfter > by), ct);
            measured.Add(new(count, new KeyValuePair<string, object?>("tenantidp.connection.certificate_ends", name)));
        }

        return measured;
    }
}
