using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using TenantIdP.Core;
using TenantIdP.Core.Outbox;
using TenantIdP.Storage.Keys;

namespace TenantIdP.Storage.Sqlite;

/// <summary>The model on SQLite.</summary>
public sealed class SqliteIdpDbContext : IdpDbContext
{
    private const int ConstraintUnique = 2067; // SQLITE_CONSTRAINT_UNIQUE
    private const int ConstraintPrimaryKey = 1555; // SQLITE_CONSTRAINT_PRIMARYKEY
    private const string Prefix = "UNIQUE constraint failed: ";

    // Even one statement runs in a transaction: beginning it is where a writer waits for its turn.
    public SqliteIdpDbContext(DbContextOptions<SqliteIdpDbContext> options) : base(options) => Database.AutoTransactionBehavior = AutoTransactionBehavior.Always;

    public override string? UniqueViolation(DbUpdateException failure)
    {
        // SQLite names the columns, not the index: "SQLite Error 19: 'UNIQUE constraint failed: roles.organization_id, roles.key'."
        if (failure.InnerException is not SqliteException { SqliteExtendedErrorCode: ConstraintUnique or ConstraintPrimaryKey } refused) return null;
        var start = refused.Message.IndexOf(Prefix, StringComparison.Ordinal);
        if (start < 0) return null;
        var columns = refused.Message[(start + Prefix.Length)..].TrimEnd('\'', '.').Split(", ").Select(c => c.Split('.')).ToList();
        var table = columns[0][0];
        return refused.SqliteExtendedErrorCode == ConstraintPrimaryKey ? $"pk_{table}" : $"ux_{table}_{string.Join('_', columns.Select(c => c[^1]))}";
    }

    // The transaction is the only one that writes.
    public override IQueryable<OutboxMessage> LockOutboxHeads(IReadOnlyCollection<string> keys) => OutboxMessages.FromSql(
        $"""
        SELECT m.* FROM json_each({JsonSerializer.Serialize(keys)}) AS wanted
        JOIN outbox_messages m ON m.rowid = (
            SELECT o.rowid FROM outbox_messages o WHERE o.state = 'Pending' AND o.ordering_key = wanted.value ORDER BY o.sequence, o.id LIMIT 1)
        """);

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);

        // SQLite has no type that compares points in time across offsets.
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcTicksConverter>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfiguration(new DataProtectionKeyMapping());
        base.OnModelCreating(modelBuilder);
    }

    private sealed class UtcTicksConverter() : ValueConverter<DateTimeOffset, long>(time => time.UtcTicks, ticks => new DateTimeOffset(ticks, TimeSpan.Zero));
}
