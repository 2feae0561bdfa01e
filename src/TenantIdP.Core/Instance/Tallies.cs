using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Instance;

/// <summary>How often something may happen in a period.</summary>
/// <param name="Name">Of what is counted; at most <see cref="Tally.MaxName"/> characters.</param>
/// <param name="Most">At least one.</param>
public readonly record struct TallyLimit(string Name, int Most, TimeSpan Period);

/// <summary>
/// Counts in the database, before it is done, what may happen only so often: 200 at once on three nodes get as many as the limit says and not one more. A period begins with
/// the first and does not move. Rows are pruned when it is over.
/// </summary>
public sealed class Tallies(IdpDbContext db, TimeProvider clock)
{
    // No error that anybody sees: it takes the transaction back.
    private readonly Error spent = new(ErrorKind.TooMany, "spent", "Taken back.");

    /// <summary>Takes one of each, or none of any.</summary>
    /// <param name="limits">Always in the same order for the same names, so that two never wait for each other.</param>
    public async Task<bool> TakeAsync(IReadOnlyList<TallyLimit> limits, CancellationToken ct)
    {
        var taken = await db.InTransactionAsync<bool>(
            async () =>
            {
                foreach (var limit in limits)
                {
                    if (!await TakeAsync(limit, ct)) return spent;
                }

                return true;
            }, ct);
        return taken.IsOk;
    }

    /// <summary>Gives back what was taken for something that turned out not to count, in the order in which it was taken: one statement for all would lock them in any.</summary>
    public async Task GiveBackAsync(IReadOnlyList<TallyLimit> limits, CancellationToken ct)
    {
        foreach (var name in limits.Select(l => l.Name)) await db.Tallies.Where(t => t.Name == name && t.Count > 0).ExecuteUpdateAsync(set => set.SetProperty(t => t.Count, t => t.Count - 1), ct);
    }

    private async Task<bool> TakeAsync(TallyLimit limit, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var (at, until) = (now.ToUnixTimeMilliseconds(), (now + limit.Period).ToUnixTimeMilliseconds());
        if (await CountAsync(limit, at, until, ct)) return true;

        // Both stores know this form; of two first ones at once one inserts and the other counts on.
        var inserted = await db.Database.ExecuteSqlAsync($"INSERT INTO tallies (name, count, expires_at) VALUES ({limit.Name}, 1, {until}) ON CONFLICT (name) DO NOTHING", ct);
        return inserted == 1 || await CountAsync(limit, at, until, ct);
    }

    private async Task<bool> CountAsync(TallyLimit limit, long at, long until, CancellationToken ct)
    {
        var (name, most) = (limit.Name, limit.Most);
        return await db.Tallies.Where(t => t.Name == name && (t.ExpiresAt <= at || t.Count < most))
            .ExecuteUpdateAsync(set => set.SetProperty(t => t.Count, t => t.ExpiresAt <= at ? 1 : t.Count + 1).SetProperty(t => t.ExpiresAt, t => t.ExpiresAt <= at ? until : t.ExpiresAt), ct) == 1;
    }
}
