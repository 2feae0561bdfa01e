using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Connections;

internal sealed class ConnectionMapping : IEntityTypeConfiguration<Connection>
{
    public void Configure(EntityTypeBuilder<Connection> connection)
    {
        connection.ToTable("connections");
        connection.HasKey(c => new { c.OrganizationId, c.Id });
        connection.Property(c => c.DisplayName).HasMaxLength(DisplayName.MaxLength);
        connection.Property(c => c.Issuer).HasMaxLength(512);
        connection.Property(c => c.ClientId).HasMaxLength(400);
        connection.Property(c => c.SubjectClaim).HasMaxLength(32);
        connection.Property(c => c.TenantId).HasMaxLength(100);
        connection.Property(c => c.DefaultRoleKey).HasMaxLength(63);
        connection.Property(c => c.Scopes).HasJsonText();
        connection.Ignore(c => c.SecretPlace);
        connection.HasOne<Organization>().WithMany().HasForeignKey(c => c.OrganizationId).OnDelete(DeleteBehavior.Cascade);

        // The callback knows only the connection; two organizations may use the same issuer, so that is no key.
        connection.HasIndex(c => c.Id).IsUnique();
    }
}
