using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Connections;

internal sealed class ConnectionMapping : IEntityTypeConfiguration<Connection>, IEntityTypeConfiguration<ConnectionCertificate>, IEntityTypeConfiguration<AcsAlias>,
    IEntityTypeConfiguration<ServiceProviderKey>, IEntityTypeConfiguration<ReceivedAssertion>
{
    public void Configure(EntityTypeBuilder<Connection> connection)
    {
        connection.ToTable("connections");
        connection.HasKey(c => new { c.OrganizationId, c.Id });
        connection.Property(c => c.DisplayName).HasMaxLength(DisplayName.MaxLength);
        connection.Property(c => c.Issuer).HasMaxLength(Connection.MaxIssuerLength);
        connection.Property(c => c.ClientId).HasMaxLength(400);
        connection.Property(c => c.SubjectClaim).HasMaxLength(32);
        connection.Property(c => c.TenantId).HasMaxLength(100);
        connection.Property(c => c.DefaultRoleKey).HasMaxLength(63);
        connection.Property(c => c.Scopes).HasJsonText();
        connection.Property(c => c.Saml).HasJsonText();
        connection.Property(c => c.SsoRoles).HasJsonText();
        connection.Property(c => c.UntestedReason).HasMaxLength(DisplayName.MaxLength);
        connection.Ignore(c => c.SecretPlace);
        connection.HasOne<Organization>().WithMany().HasForeignKey(c => c.OrganizationId).OnDelete(DeleteBehavior.Cascade);

        // The callback knows only the connection; two organizations may use the same issuer, so that is no key.
        connection.HasIndex(c => c.Id).IsUnique();
    }

    public void Configure(EntityTypeBuilder<ConnectionCertificate> certificate)
    {
        certificate.ToTable("connection_certificates");
        certificate.HasKey(c => new { c.OrganizationId, c.ConnectionId, c.Thumbprint });
        certificate.Property(c => c.Thumbprint).HasMaxLength(64);
        certificate.Property(c => c.Subject).HasMaxLength(DisplayName.MaxLength);
        certificate.HasOne<Connection>().WithMany().HasForeignKey(c => new { c.OrganizationId, c.ConnectionId }).OnDelete(DeleteBehavior.Cascade);

        // The daily look for those that end soon.
        certificate.HasIndex(c => c.NotAfter);
    }

    public void Configure(EntityTypeBuilder<AcsAlias> alias)
    {
        alias.ToTable("acs_aliases");
        alias.HasKey(a => new { a.OrganizationId, a.ConnectionId, a.Url });
        alias.Property(a => a.Url).HasMaxLength(AcsAlias.MaxLength);
        alias.HasOne<Connection>().WithMany().HasForeignKey(a => new { a.OrganizationId, a.ConnectionId }).OnDelete(DeleteBehavior.Cascade);

        // An answer that arrives there belongs to one connection.
        alias.HasIndex(a => a.Url).IsUnique();
    }

    public void Configure(EntityTypeBuilder<ServiceProviderKey> key)
    {
        key.ToTable("service_provider_keys");
        key.HasKey(k => new { k.OrganizationId, k.Id });
        key.HasOne<Connection>().WithMany().HasForeignKey(k => new { k.OrganizationId, k.ConnectionId }).OnDelete(DeleteBehavior.Cascade);

        // What one owner publishes; made under a lease, so by one node.
        key.HasIndex(k => new { k.OrganizationId, k.ConnectionId });
    }

    public void Configure(EntityTypeBuilder<ReceivedAssertion> assertion)
    {
        assertion.ToTable("received_assertions");
        assertion.HasKey(a => new { a.OrganizationId, a.ConnectionId, a.AssertionHash });
        assertion.Property(a => a.AssertionHash).HasMaxLength(64);
        assertion.Property(a => a.HandleHash).HasMaxLength(64);
        assertion.HasOne<Connection>().WithMany().HasForeignKey(a => new { a.OrganizationId, a.ConnectionId }).OnDelete(DeleteBehavior.Cascade);
        assertion.HasIndex(a => a.HandleHash).IsUnique();
        assertion.HasIndex(a => a.ExpiresAt);
    }
}
