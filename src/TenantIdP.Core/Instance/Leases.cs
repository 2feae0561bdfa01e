using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Instance;

/// <summary>Takes, keeps and gives back the lease of a scheduled work. Each is one conditional statement, so any number of nodes may try at once.</summary>
public sealed class Leases(IdpDbContext db, TimeProvider clock)
{
    private static readonly Dictionary<string, Error> Taken = new() { ["pk_leases"] = VersionErrors.ChangedMeanwhile };

    /// <param name="holder">This node, and no other. Has nothing under way of that name.</param>
    /// <param name="hold">How long it stays taken when this node dies.</param>
    /// <param name="every">Not before this long after it was last done.</param>
    /// <returns>False when another holds it or it is not due.</returns>
    public async Task<bool> TryTakeAsync(string name, string holder, TimeSpan hold, TimeSpan every, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var (until, due) = (now + hold, now - every);
        // One that this holder has still is what it could not give back: it does one work at a time, and the database was away.
        var free = db.Leases.Where(l => l.Name == name && (l.ExpiresAt <= now || l.Holder == holder) && (l.DoneAt == null || l.DoneAt <= due));
        if (await free.ExecuteUpdateAsync(set => set.SetProperty(l => l.Holder, holder).SetProperty(l => l.ExpiresAt, until), ct) == 1) return true;
        if (await db.Leases.AnyAsync(l => l.Name == name, ct)) return false;

        var lease = new Lease(name, holder, until);
        db.Leases.Add(lease);
        var saved = await db.TrySaveAsync(Taken, ct);
        if (saved.IsOk) db.Entry(lease).State = EntityState.Detached;
        return saved.IsOk;
    }

    /// <returns>False when it ran out and another took it: stop.</returns>
    public async Task<bool> RenewAsync(string name, string holder, TimeSpan hold, CancellationToken ct)
    {
        var until = clock.GetUtcNow() + hold;
        return await db.Leases.Where(l => l.Name == name && l.Holder == holder).ExecuteUpdateAsync(set => set.SetProperty(l => l.ExpiresAt, until), ct) == 1;
    }

    /// <param name="done">False after a failure: it is due again at once.</param>
    public async Task GiveBackAsync(string name, string holder, bool done, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var held = db.Leases.Where(l => l.Name == name && l.Holder == holder);
        if (done) await held.ExecuteUpdateAsync(set => set.SetProperty(l => l.ExpiresAt, now).SetProperty(l => l.DoneAt, now), ct);
        else await held.ExecuteUpdateAsync(set => set.SetProperty(l => l.ExpiresAt, now), ct);
    }

    /// <summary>
    /// Serialises on every store the transactions that name the same lock; the first statement of the transaction. The row must be there already, because a refused insert
    /// would end the transaction on PostgreSQL.
    /// </summary>
    internal async Task LockAsync(string name, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await db.Leases.Where(l => l.Name == name).ExecuteUpdateAsync(set => set.SetProperty(l => l.ExpiresAt, now), ct);
    }

    internal async Task PrepareLockAsync(string name, CancellationToken ct)
    {
        if (await db.Leases.AnyAsync(l => l.Name == name, ct)) return;
        var lease = new Lease(name, "", clock.GetUtcNow());
        db.Leases.Add(lease);
        if ((await db.TrySaveAsync(Taken, ct)).IsOk) db.Entry(lease).State = EntityState.Detached; // another node made it otherwise
    }
}
