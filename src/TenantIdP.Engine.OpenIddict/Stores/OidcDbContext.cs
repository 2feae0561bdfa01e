using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Engine.OpenIddict.Stores;

/// <summary>The engine's tables (<c>oidc_*</c>), on the same connection and transaction as Core's.</summary>
public abstract class OidcDbContext(DbContextOptions options) : DbContext(options)
{
    public const string HistoryTable = "__migrations_oidc";

    public DbSet<OidcApplication> Applications => Set<OidcApplication>();
    public DbSet<OidcAuthorization> Authorizations => Set<OidcAuthorization>();
    public DbSet<OidcToken> Tokens => Set<OidcToken>();
    public DbSet<SigningKeyRow> SigningKeys => Set<SigningKeyRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.UseOpenIddict<OidcApplication, OidcAuthorization, OidcScope, OidcToken, Guid>();
        modelBuilder.Entity<OidcApplication>().ToTable("oidc_applications");
        modelBuilder.Entity<OidcScope>().ToTable("oidc_scopes");
        modelBuilder.Entity<OidcAuthorization>(grant =>
        {
            grant.ToTable("oidc_authorizations");
            grant.HasIndex(a => a.SessionId);
            grant.HasIndex(a => a.UserId);
            grant.HasIndex(a => new { a.OrganizationId, a.UserId });
        });
        modelBuilder.Entity<OidcToken>().ToTable("oidc_tokens");
        modelBuilder.Entity<SigningKeyRow>(key =>
        {
            key.ToTable("oidc_signing_keys");
            key.HasKey(k => k.Kid);
            key.Property(k => k.Kid).HasMaxLength(64);
            key.Property(k => k.Algorithm).HasMaxLength(8);
            key.HasIndex(k => new { k.Algorithm, k.Generation }).IsUnique();
        });

        // The engine's wide lookup indexes serve questions that are never asked here; each would cost every token insert.
        foreach (var entity in new[] { typeof(OidcToken), typeof(OidcAuthorization) })
        {
            var type = modelBuilder.Model.FindEntityType(entity)!; // configured above
            foreach (var index in type.GetIndexes().Where(i => i.Properties.Count > 2).ToList()) type.RemoveIndex(index);
        }

        SnakeCase.Apply(modelBuilder.Model);
    }
}

public sealed class SqliteOidcDbContext(DbContextOptions<SqliteOidcDbContext> options) : OidcDbContext(options);

public sealed class PostgreSqlOidcDbContext(DbContextOptions<PostgreSqlOidcDbContext> options) : OidcDbContext(options);
