using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Connections;

/// <summary>
/// Says in events that a certificate ends in 60, 30, 14, 7 days, in a day, or has ended: each once. Those of identity providers and our own. Crosses organizations to find them;
/// each event is written in its own one.
/// </summary>
public sealed class CertificateWarnings(IdpDbContext db, EventLog events, TimeProvider clock)
{
    private const int Batch = 200;

    private static readonly int[] Thresholds = [0, 1, 7, 14, 30, 60];

    public async Task WarnAsync(CancellationToken ct)
    {
        var soon = clock.GetUtcNow() + TimeSpan.FromDays(Thresholds[^1]);
        await WarnOfPinnedAsync(soon, ct);
        await WarnOfOursAsync(soon, ct);
    }

    /// <summary>The least threshold that is reached; null when none is.</summary>
    private static int? Reached(DateTimeOffset notAfter, DateTimeOffset now)
    {
        var left = (notAfter - now).TotalDays;
        return Thresholds.Where(days => left <= days).Select(days => (int?)days).FirstOrDefault();
    }

    private async Task WarnOfPinnedAsync(DateTimeOffset soon, CancellationToken ct)
    {
        var certificates = await (
            from certificate in db.ConnectionCertificates.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            where certificate.NotAfter <= soon && (certificate.WarnedDays == null || certificate.WarnedDays > 0)
            join connection in db.Connections on new { certificate.OrganizationId, certificate.ConnectionId } equals new { connection.OrganizationId, ConnectionId = connection.Id }
            where connection.Status != ConnectionStatus.Disabled
            orderby certificate.NotAfter
            select certificate).AsNoTracking().ToListAsync(ct);
        foreach (var batch in certificates.GroupBy(c => c.OrganizationId).SelectMany(g => g.Chunk(Batch)))
        {
            db.EnterOrganization(batch[0].OrganizationId);
            foreach (var certificate in batch) Warn(certificate);
            await db.SaveChangesAsync(ct);
            db.ChangeTracker.Clear();
        }
    }

    private void Warn(ConnectionCertificate certificate)
    {
        if (Reached(certificate.NotAfter, clock.GetUtcNow()) is not { } days || certificate.WarnedDays <= days) return;
        db.ConnectionCertificates.Attach(certificate);
        certificate.Warned(days);
        events.Record(
            EventTypes.ConnectionCertificateExpiring, certificate.OrganizationId, certificate.ConnectionId.ToString(),
            new { certificate.Thumbprint, certificate.Subject, certificate.NotAfter, days, expired = days == 0 });
    }

    /// <summary>A successor is made without anybody's help, but identity providers that don't read our metadata have to be given it. What was said is a setting of the instance.</summary>
    private async Task WarnOfOursAsync(DateTimeOffset soon, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var keys = await db.ServiceProviderKeys.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().Where(k => k.NotAfter <= soon && (k.RetiresAt == null || k.RetiresAt > now)).ToListAsync(ct);
        foreach (var key in keys)
        {
            if (Reached(key.NotAfter, now) is not { } days) continue;
            var name = $"warned_{key.Id}";
            var said = await db.InstanceSettings.SingleOrDefaultAsync(s => s.Name == name, ct);
            if (said is not null && int.Parse(said.Value, System.Globalization.CultureInfo.InvariantCulture) <= days) continue;
            var text = days.ToString(System.Globalization.CultureInfo.InvariantCulture);
            if (key.OrganizationId != Organization.Instance) db.EnterOrganization(key.OrganizationId);
            if (said is null) db.InstanceSettings.Add(new InstanceSetting(name, text));
            else said.Change(text);
            events.Record(EventTypes.SamlKeyExpiring, key.OrganizationId, key.Id.ToString(), new { key.Use, key.NotAfter, days, expired = days == 0 });
            await db.SaveChangesAsync(ct);
            db.ChangeTracker.Clear();
        }
    }
}
