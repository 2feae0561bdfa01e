using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Server.Federation;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>
/// Looks a key up, unless the address has used up what is granted without proof: an invented key has the right form as easily as a true one, and must not cost a statement when
/// the answer is 429 already. Keys that were good a moment ago on this node are looked up all the same, so that a flood beside them does not lock them out.
/// </summary>
internal sealed class KeyAdmission(KeyReader keys, RateLimits limits, RecentKeys recent)
{
    public async Task<KeyFacts?> FindAsync(HttpContext context, string secret)
    {
        if (!KeySecret.IsWellFormed(secret)) return null;
        var hash = MachineSecret.Hash(secret);
        if (limits.IsSpent(context) && !recent.Has(hash)) return null;
        var found = await keys.FindAsync(secret, context.RequestAborted);
        if (found is not null) recent.Note(hash);
        return found;
    }
}

/// <summary>Hashes of keys that were good in the last ten minutes. Says nothing about whether they still are.</summary>
internal sealed class RecentKeys(TimeProvider clock)
{
    private const int Capacity = 4_000;

    private readonly BoundedCache<string, bool> good = new(Capacity, TimeSpan.FromMinutes(10), clock);

    public bool Has(string hash) => good.TryGet(hash, out _);

    public void Note(string hash) => good.Put(hash, true);
}
