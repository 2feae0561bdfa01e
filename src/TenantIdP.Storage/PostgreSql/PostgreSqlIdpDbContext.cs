using Microsoft.EntityFrameworkCore;
using Npgsql;
using TenantIdP.Core;
using TenantIdP.Core.Instance;
using TenantIdP.Storage.Keys;

namespace TenantIdP.Storage.PostgreSql;

/// <summary>The model on PostgreSQL.</summary>
public sealed class PostgreSqlIdpDbContext(DbContextOptions<PostgreSqlIdpDbContext> options) : IdpDbContext(options)
{
    public override string? UniqueViolation(DbUpdateException failure) =>
        failure.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } refused ? refused.ConstraintName : null;

    /// <summary>For configuration only, never on the way of a token: NOTIFY takes a lock of the whole database when it commits.</summary>
    protected override async Task TellOthersAsync(NodeChange change, CancellationToken ct) =>
        await Database.ExecuteSqlAsync($"SELECT pg_notify({ChangeListener.Channel}, {change.ToString()})", ct);

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfiguration(new DataProtectionKeyMapping());
        base.OnModelCreating(modelBuilder);
    }
}
