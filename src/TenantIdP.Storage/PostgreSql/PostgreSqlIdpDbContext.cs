using Microsoft.EntityFrameworkCore;
using Npgsql;
using TenantIdP.Core;
using TenantIdP.Core.Organizations;
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
    public override async Task AnnounceAsync(string cache, CancellationToken ct) => await Database.ExecuteSqlAsync($"SELECT pg_notify({ChangeListener.Channel}, {cache})", ct);

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfiguration(new DataProtectionKeyMapping());
        base.OnModelCreating(modelBuilder);

        // What is searched by its beginning is compared by its bytes, as SQLite does by itself: in a language's order a prefix is no range.
        modelBuilder.Entity<Organization>().Property(o => o.NameKey).UseCollation(Bytes);
        modelBuilder.Entity<UserEmail>().Property(e => e.Normalized).UseCollation(Bytes);
    }
}
