using Microsoft.EntityFrameworkCore;
using Npgsql;
using TenantIdP.Core;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Users;
using TenantIdP.Storage.Keys;

namespace TenantIdP.Storage.PostgreSql;

/// <summary>The model on PostgreSQL.</summary>
public sealed class PostgreSqlIdpDbContext(DbContextOptions<PostgreSqlIdpDbContext> options) : IdpDbContext(options)
{
    private const string Bytes = "C";

    public override string? UniqueViolation(DbUpdateException failure) =>
        failure.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } refused ? refused.ConstraintName : null;

    /// <summary>For configuration only, never on the way of a token: NOTIFY takes a lock of the whole database when it commits.</summary>
    protected override async Task TellOthersAsync(NodeChange change, CancellationToken ct) =>
        await Database.ExecuteSqlAsync($"SELECT pg_notify({ChangeListener.Channel}, {change.ToString()})", ct);

    // Columns by name: a statement that is kept prepared must not change its shape when a newer version adds one. The oldest row of each key is found first and locked then: SKIP LOCKED inside would take the second oldest for the oldest. A row that changed while it was waited for is
    // looked at as it is now.
    public override IQueryable<OutboxMessage> LockOutboxHeads(IReadOnlyCollection<string> keys) => OutboxMessages.FromSql(
        $"""
        SELECT m.organization_id, m.id, m.kind, m.ordering_key, m.destination, m.sequence, m.payload, m.is_sealed, m.created_at, m.due_at, m.state, m.attempts, m.last_error, m.claimed_by, m.expires_at
        FROM unnest({keys.ToArray()}) AS wanted (ordering_key)
        CROSS JOIN LATERAL (
            SELECT o.organization_id, o.id FROM outbox_messages o WHERE o.state = 'Pending' AND o.ordering_key = wanted.ordering_key ORDER BY o.sequence, o.id LIMIT 1) head
        JOIN outbox_messages m ON m.organization_id = head.organization_id AND m.id = head.id
        WHERE m.state = 'Pending'
        FOR UPDATE OF m SKIP LOCKED
        """);

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfiguration(new DataProtectionKeyMapping());
        base.OnModelCreating(modelBuilder);

        // What is searched by its beginning is compared by its bytes, as SQLite does by itself: in a language's order a prefix is no range.
        modelBuilder.Entity<Organization>().Property(o => o.NameKey).UseCollation(Bytes);
        modelBuilder.Entity<UserEmail>().Property(e => e.Normalized).UseCollation(Bytes);
        modelBuilder.Entity<DirectoryUser>().Property(u => u.UserNameKey).UseCollation(Bytes); // sorted by
    }
}
