using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Outbox;

/// <summary>What an operator sees and does about messages. Crosses organizations.</summary>
public sealed class OutboxService(IdpDbContext db, EventLog events, OutboxSignal signal, TimeProvider clock)
{
    /// <summary>The newest first.</summary>
    /// <param name="kind">Null for all kinds.</param>
    /// <param name="organization">Null for those of all organizations and of the instance.</param>
    public async Task<Result<Page<OutboxMessage>>> ListAsync(OutboxState state, string? kind, Id<Organization>? organization, PageRequest page, CancellationToken ct)
    {
        var cursor = Paging.Cursor<OutboxMessage>(page, out var after);
        if (!cursor.IsOk) return cursor.Error;
        var found = All.Where(m => m.State == state);
        if (kind is not null) found = found.Where(m => m.Kind == kind);
        if (organization is { } owner) found = found.Where(m => m.OrganizationId == owner);
        if (after is { } id) found = found.Where(m => m.Id < id);
        return await found.OrderByDescending(m => m.Id).TakePageAsync(page, m => m.Id.ToString(), ct);
    }

    /// <summary>A dead message is due again at once, with all its tries and at the end of its key: what came after it may have been delivered already.</summary>
    public Task<Result<OutboxMessage>> ReplayAsync(Id<OutboxMessage> id, CancellationToken ct) => db.InTransactionAsync<OutboxMessage>(
        async () =>
        {
            var states = Enum.GetValues<OutboxState>(); // with the state in it, the index finds the id
            if (await All.SingleOrDefaultAsync(m => states.Contains(m.State) && m.Id == id, ct) is not { } found) return OutboxErrors.NotFound;
            if (found.State != OutboxState.Dead) return OutboxErrors.NotDead;
            var last = await All.Where(m => m.State == OutboxState.Pending && m.OrderingKey == found.OrderingKey).MaxAsync(m => (long?)m.Sequence, ct);
            var (now, sequence) = (clock.GetUtcNow(), last + 1 ?? found.Sequence);
            var replayed = await All.Where(m => m.OrganizationId == found.OrganizationId && m.Id == id && m.State == OutboxState.Dead).ExecuteUpdateAsync(
                set => set.SetProperty(m => m.State, OutboxState.Pending).SetProperty(m => m.DueAt, now).SetProperty(m => m.Attempts, 0).SetProperty(m => m.Sequence, sequence)
                    .SetProperty(m => m.ExpiresAt, (DateTimeOffset?)null), ct);
            if (replayed == 0) return OutboxErrors.NotDead; // by somebody else in this moment
            events.RecordForInstance(EventTypes.OutboxMessageReplayed, id.ToString(), new { found.Kind, organizationId = found.OrganizationId == Organization.Instance ? null : (Id<Organization>?)found.OrganizationId });
            await db.SaveChangesAsync(ct);
            signal.Tell(); // the next look, a second later, finds it should this be before the commit
            return await All.SingleAsync(m => m.OrganizationId == found.OrganizationId && m.Id == id, ct);
        }, ct);

    /// <summary>How long the message has waited that has been due the longest; zero when none is. Measures whether deliveries keep up, not whether receivers accept.</summary>
    public async Task<TimeSpan> LagAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var oldest = await All.Where(m => m.State == OutboxState.Pending && m.DueAt <= now).MinAsync(m => (DateTimeOffset?)m.DueAt, ct);
        return oldest is { } due ? now - due : TimeSpan.Zero;
    }

    /// <summary>How many were given up and can be replayed.</summary>
    public Task<int> DeadAsync(CancellationToken ct) => All.CountAsync(m => m.State == OutboxState.Dead, ct);

    private IQueryable<OutboxMessage> All => db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking();
}
