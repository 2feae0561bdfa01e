using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Outbox;

namespace TenantIdP.Storage;

/// <summary>The one connection of a unit of work, which Core's context and the engine's share.</summary>
internal sealed class StoreConnection(StoreDatabase database) : IAsyncDisposable, IDisposable
{
    public DbConnection Value { get; } = database.Connect();

    public void Dispose() => Value.Dispose();

    public ValueTask DisposeAsync() => Value.DisposeAsync();
}

/// <summary>
/// Holds a pooled context for one unit of work. It is disposed before the pool takes the context back, so the tenant scope and the connection of this unit of work
/// are gone before anyone else sees the context.
/// </summary>
internal sealed class IdpLease : IAsyncDisposable, IDisposable
{
    private readonly OutboxSignal outbox;

    public IdpLease(IdpDbContext pooled, StoreConnection connection, OutboxSignal outbox)
    {
        (Db, this.outbox) = (pooled, outbox);
        Db.LeaveOrganization();
        Db.Database.SetDbConnection(connection.Value);
    }

    public IdpDbContext Db { get; }

    public void Dispose()
    {
        var wrote = Db.WroteToOutbox;
        Db.LeaveOrganization();
        Db.Database.CurrentTransaction?.Dispose();
        Db.Database.SetDbConnection(null);
        if (wrote) outbox.Tell();
    }

    public async ValueTask DisposeAsync()
    {
        var wrote = Db.WroteToOutbox;
        Db.LeaveOrganization();
        if (Db.Database.CurrentTransaction is { } abandoned) await abandoned.DisposeAsync();
        Db.Database.SetDbConnection(null);
        if (wrote) outbox.Tell();
    }
}
