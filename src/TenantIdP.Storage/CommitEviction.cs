using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;
using TenantIdP.Core;
using TenantIdP.Core.Instance;

namespace TenantIdP.Storage;

/// <summary>Evicts on this node what a transaction has changed, between its commit and the answer: whoever changed it reads it changed.</summary>
/// <param name="caches">Asked for with the first change: caches read the database, so they are made after it.</param>
internal sealed class CommitEviction(Func<IEnumerable<INodeCache>> caches) : DbTransactionInterceptor
{
    private readonly Lazy<INodeCache[]> all = new(() => [.. caches()]);

    public override void TransactionCommitted(DbTransaction transaction, TransactionEndEventData eventData) => Evict(eventData);

    public override Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        Evict(eventData);
        return Task.CompletedTask;
    }

    private void Evict(TransactionEndEventData ended)
    {
        if (ended.Context is not IdpDbContext db) return;
        foreach (var change in db.TakeAnnounced()) change.Tell(all.Value);
    }
}
