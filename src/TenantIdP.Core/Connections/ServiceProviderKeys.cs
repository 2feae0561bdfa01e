using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Connections;

/// <summary>How long our keys live. A successor is published for <paramref name="Announce"/> before it signs; the old key stays for <paramref name="Retain"/> after that.</summary>
/// <param name="Make">A key pair with a certificate for these times.</param>
public sealed record ServiceProviderKeyPlan(TimeSpan Lifetime, TimeSpan Announce, TimeSpan Retain, Func<DateTimeOffset, DateTimeOffset, (byte[] Pkcs8, byte[] Certificate)> Make);

/// <summary>
/// Our keys that identity providers know: those of the instance (owner <see cref="Organization.Instance"/>, no connection) and those of a connection that has its own.
/// Crosses organizations only by the owner in the predicate, and to find the owners whose keys are due.
/// </summary>
public sealed class ServiceProviderKeys(IdpDbContext db, EventLog events, SecretBox box, Leases leases, ServiceProviderKeyPlan plan, TimeProvider clock)
{
    private const string InstanceLock = "saml_instance_keys";

    private static readonly KeyUse[] Uses = [KeyUse.Signing, KeyUse.Encryption];

    /// <summary>Those not retired, the newest first.</summary>
    public Task<List<ServiceProviderKey>> ListAsync(Id<Organization> owner, Id<Connection>? connection, CancellationToken ct) => Of(owner, connection).AsNoTracking().OrderByDescending(k => k.Id).ToListAsync(ct);

    /// <summary>The keys of the instance; made when there are none. Nodes that ask at once make one set.</summary>
    public async Task<IReadOnlyList<ServiceProviderKey>> EnsureInstanceAsync(CancellationToken ct)
    {
        var found = await ListAsync(Organization.Instance, null, ct);
        return Uses.All(use => found.Any(k => k.Use == use)) ? found : (await AddAsync(Organization.Instance, null, isDue: (use, keys) => keys.All(k => k.Use != use), ct)).Value!; // nothing refuses it
    }

    /// <summary>Publishes a successor of each key, or the first ones of a connection's own. It takes over by itself when identity providers have had time to read it.</summary>
    public Task<Result<IReadOnlyList<ServiceProviderKey>>> RotateAsync(Id<Organization> owner, Id<Connection>? connection, CancellationToken ct) => AddAsync(owner, connection, isDue: null, ct);

    /// <summary>Makes the successors that are due, early enough that the old key's certificate ends when the old key does, and deletes what has retired.</summary>
    public async Task SucceedAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var due = now + plan.Announce + plan.Retain;
        var all = db.ServiceProviderKeys.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]);
        await all.Where(k => k.RetiresAt <= now).ExecuteDeleteAsync(ct);
        var owners = await all.Where(k => k.RetiresAt == null && k.NotAfter <= due).Select(k => new { k.OrganizationId, k.ConnectionId }).Distinct().ToListAsync(ct);
        foreach (var owner in owners)
            await AddAsync(owner.OrganizationId, owner.ConnectionId, (use, keys) => keys.Where(k => k.Use == use).All(k => k.NotAfter <= due), ct);
    }

    /// <param name="isDue">Asked again under the lock; null is a rotation that somebody asked for.</param>
    private async Task<Result<IReadOnlyList<ServiceProviderKey>>> AddAsync(
        Id<Organization> owner, Id<Connection>? connection, Func<KeyUse, IReadOnlyList<ServiceProviderKey>, bool>? isDue, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var notAfter = now + plan.Lifetime;

        // Before the transaction: making a key takes longer than anything else may hold the lock.
        var made = Uses.ToDictionary(use => use, _ => plan.Make(now, notAfter));
        if (owner == Organization.Instance) await leases.PrepareLockAsync(InstanceLock, ct);
        else db.EnterOrganization(owner);
        return await db.InTransactionAsync<IReadOnlyList<ServiceProviderKey>>(
            async () =>
            {
                if (owner == Organization.Instance) await leases.LockAsync(InstanceLock, ct);
                else if (!await db.LockAsync(owner, ct) || !await db.Connections.AnyAsync(c => c.OrganizationId == owner && c.Id == connection && c.Kind == ConnectionKind.Saml, ct)) return ConnectionErrors.NotFound;
                var keys = await Of(owner, connection).ToListAsync(ct);
                if (isDue is null && keys.Any(k => k.ActivatesAt > now)) return SamlErrors.KeyPending;
                foreach (var use in Uses.Where(use => isDue is null || isDue(use, keys))) keys.Add(Succeed(owner, connection, use, keys, made[use], now));
                await db.SaveChangesAsync(ct);
                return keys.OrderByDescending(k => k.Id).ToList();
            }, ct);
    }

    private ServiceProviderKey Succeed(
        Id<Organization> owner, Id<Connection>? connection, KeyUse use, IReadOnlyList<ServiceProviderKey> keys, (byte[] Pkcs8, byte[] Certificate) made, DateTimeOffset now)
    {
        // The first key of the instance has nobody to wait for; the first of a connection follows the instance's.
        var isFirst = owner == Organization.Instance && keys.All(k => k.Use != use);
        var activates = isFirst ? now : now + plan.Announce;
        var key = ServiceProviderKey.Make(owner, connection, use, made.Pkcs8, made.Certificate, box, now, activates, now + plan.Lifetime);
        foreach (var old in keys.Where(k => k.Use == use)) old.Retire(activates + plan.Retain);
        db.ServiceProviderKeys.Add(key);
        events.Record(EventTypes.SamlKeyCreated, owner, key.Id.ToString(), new { use, connection, activatesAt = activates, key.NotAfter });
        return key;
    }

    private IQueryable<ServiceProviderKey> Of(Id<Organization> owner, Id<Connection>? connection)
    {
        var now = clock.GetUtcNow();
        return db.ServiceProviderKeys.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            .Where(k => k.OrganizationId == owner && k.ConnectionId == connection && (k.RetiresAt == null || k.RetiresAt > now));
    }
}
