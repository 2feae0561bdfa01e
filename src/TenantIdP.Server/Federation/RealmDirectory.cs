using TenantIdP.Core.Connections;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.SignIn;

namespace TenantIdP.Server.Federation;

/// <summary>
/// Where people sign in, by host, organization and connection: read once in a while, evicted when a domain, a connection or an organization changes. What it says only chooses the
/// way; whoever comes back is judged by the rows themselves.
/// </summary>
internal sealed class RealmDirectory(IServiceScopeFactory scopes, TimeProvider clock, Telemetry telemetry) : IRealmFacts, INodeCache
{
    private const int Capacity = 20_000;
    private const int MostNobody = 4_000;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(15);

    private sealed record Kept(string Key, long ReadAt, OrganizationRealm Organization, DomainRealm? Domain);

    private volatile int evictions;

    // Hosts have a dot, ids an underscore and slugs neither: one name is never two things.
    private readonly BoundedCache<string, Kept> cache = new(Capacity, Fresh, clock);

    // Apart, so that invented hosts push out no real ones.
    private readonly BoundedCache<string, long> nobody = new(MostNobody, Fresh, clock);

    public string Name => NodeChange.Realms;

    public async ValueTask<DomainRealm?> ByHostAsync(HostName host, CancellationToken ct)
    {
        if (Find(host.Value) is { } kept) return kept.Domain;
        if (nobody.TryGet(host.Value, out var since) && clock.GetElapsedTime(since) < Fresh) return null;
        var (seen, readAt) = (evictions, clock.GetTimestamp());
        var read = await ReadAsync(reader => reader.ByHostAsync(host, ct));
        if (seen != evictions) return read; // what was read before an eviction would outlive the change that it was evicted for
        if (read is null) nobody.Put(host.Value, readAt);
        else cache.Put(host.Value, new Kept(host.Value, readAt, read.Organization, read));
        return read;
    }

    public ValueTask<OrganizationRealm?> ByOrganizationAsync(string idOrSlug, CancellationToken ct) => OrganizationAsync(idOrSlug, reader => reader.ByOrganizationAsync(idOrSlug, ct));

    public ValueTask<OrganizationRealm?> ByConnectionAsync(Id<Connection> connection, CancellationToken ct) => OrganizationAsync(connection.ToString(), reader => reader.ByConnectionAsync(connection, ct));

    /// <param name="key">An organization, a host for all at and below it, or null for all there is.</param>
    public void Evict(string? key)
    {
        Interlocked.Increment(ref evictions);
        nobody.Clear();
        if (Id<Organization>.TryParse(key, out var organization)) cache.RemoveWhere(kept => kept.Organization.Id == organization);
        else if (key is not null) cache.RemoveWhere(kept => kept.Key == key || kept.Key.EndsWith("." + key, StringComparison.Ordinal));
        else cache.Clear();
    }

    private async ValueTask<OrganizationRealm?> OrganizationAsync(string key, Func<RealmReader, Task<OrganizationRealm?>> look)
    {
        if (Find(key) is { } kept) return kept.Organization;
        var (seen, readAt) = (evictions, clock.GetTimestamp());
        var read = await ReadAsync(look);
        if (read is not null && seen == evictions && key.Length <= 64) cache.Put(key, new Kept(key, readAt, read, null)); // an id or a slug: it led somewhere
        return read;
    }

    private Kept? Find(string key)
    {
        var isKept = cache.TryGet(key, out var kept) && clock.GetElapsedTime(kept.ReadAt) < Fresh;
        telemetry.CacheRequest(Name, isKept);
        return isKept ? kept : null;
    }

    private async Task<T> ReadAsync<T>(Func<RealmReader, Task<T>> read)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await read(scope.ServiceProvider.GetRequiredService<RealmReader>());
    }
}
