using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Saml.Keys;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>Our keys towards one identity provider, opened. They belong to the cache: nobody else disposes them.</summary>
/// <param name="Signing">Signs now; null when there is none that may.</param>
/// <param name="Decryption">Every key that an identity provider may still encrypt to, the newest first.</param>
/// <param name="PublishedEncryption">Those that it should encrypt to.</param>
public sealed record SpKeySet(
    SamlKeyPair? Signing, IReadOnlyList<SamlKeyPair> Decryption, IReadOnlyList<SamlCertificate> PublishedSigning, IReadOnlyList<SamlCertificate> PublishedEncryption);

/// <summary>
/// The keys of a connection (its own, else the instance's, both during a change-over), evicted when they change and read again after 15 seconds in any case. The keys of the
/// instance are made when they are first asked for.
/// </summary>
public sealed class ServiceProviderKeyCache(IServiceScopeFactory scopes, SecretBox box, TimeProvider clock) : INodeCache
{
    private const int Capacity = 1_000;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(15);

    private volatile int evictions;

    private readonly BoundedCache<Id<Connection>, (long ReadAt, SpKeySet Keys)> sets = new(Capacity, Fresh, clock);

    // Importing a private key costs more than everything else here.
    private readonly BoundedCache<Id<ServiceProviderKey>, SamlKeyPair> opened = new(2 * Capacity, TimeSpan.FromHours(1), clock);

    public async Task<SpKeySet> FindAsync(Id<Organization> organization, Id<Connection> connection, CancellationToken ct)
    {
        if (sets.TryGet(connection, out var known) && clock.GetElapsedTime(known.ReadAt) < Fresh) return known.Keys;
        var (seen, readAt) = (evictions, clock.GetTimestamp());
        var read = await ReadAsync(organization, connection, ct);

        // Read before an eviction and kept after it, a set would outlive the change that it was evicted for.
        if (seen == evictions) sets.Put(connection, (readAt, read));
        return read;
    }

    public string Name => NodeChange.SamlKeys;

    /// <param name="key">A connection; null for all, as when the instance's change.</param>
    public void Evict(string? key)
    {
        Interlocked.Increment(ref evictions);
        if (Id<Connection>.TryParse(key, out var connection)) sets.Remove(connection);
        else sets.Clear();
    }

    private async Task<SpKeySet> ReadAsync(Id<Organization> organization, Id<Connection> connection, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var keys = scope.ServiceProvider.GetRequiredService<ServiceProviderKeys>();
        var own = await keys.ListAsync(organization, connection, ct);
        var shared = await keys.EnsureInstanceAsync(ct);
        var now = clock.GetUtcNow();

        // Published as the next one when the connection's own is on its way, not at all once that has taken over.
        var (signing, encryption) = (InUse(own, shared, KeyUse.Signing, now), InUse(own, shared, KeyUse.Encryption, now));
        return new SpKeySet(
            Open(signing.FirstOrDefault(k => k.ActivatesAt <= now)),
            [.. own.Concat(shared).Where(k => k.Use == KeyUse.Encryption).Select(k => Open(k)!)], // not null: the key is not
            [.. signing.Select(k => Open(k)!.Certificate)],
            [.. Current(encryption, now).Select(k => Open(k)!.Certificate)]);
    }

    private static List<ServiceProviderKey> InUse(IReadOnlyList<ServiceProviderKey> own, IReadOnlyList<ServiceProviderKey> shared, KeyUse use, DateTimeOffset now)
    {
        var ours = own.Where(k => k.Use == use).ToList();
        return ours.Any(k => k.ActivatesAt <= now) ? ours : [.. ours, .. shared.Where(k => k.Use == use)];
    }

    // What is being replaced still decrypts, but nobody should begin to use it.
    private static IEnumerable<ServiceProviderKey> Current(List<ServiceProviderKey> keys, DateTimeOffset now) =>
        keys.Where(k => k.ActivatesAt > now || k == keys.Find(other => other.ActivatesAt <= now));

    private SamlKeyPair? Open(ServiceProviderKey? key)
    {
        if (key is null) return null;
        if (opened.TryGet(key.Id, out var pair)) return pair;
        var pkcs8 = key.Open(box);
        pair = SamlKeyPair.Open(pkcs8, Convert.FromBase64String(key.Certificate));
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(pkcs8);
        opened.Put(key.Id, pair);
        return pair;
    }
}
