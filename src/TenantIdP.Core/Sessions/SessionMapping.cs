using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Sessions;

internal sealed class SessionMapping : IEntityTypeConfiguration<Session>, IEntityTypeConfiguration<UpstreamSession>
{
    public void Configure(EntityTypeBuilder<Session> session)
    {
        session.ToTable("sessions");
        session.HasKey(s => s.Id);
        // Every proof gives a new token, so of two changes at once the second knows that it has seen an old row.
        session.Property(s => s.TokenHash).HasMaxLength(64).IsConcurrencyToken();
        session.Property(s => s.UserAgent).HasMaxLength(DisplayName.MaxLength);
        session.Property(s => s.Proofs).HasJsonText();
        session.HasIndex(s => s.TokenHash).IsUnique();
        session.HasIndex(s => s.UserId);
        // What is over is looked for now and then, and deleted.
        session.HasIndex(s => s.ExpiresAt);
        session.HasIndex(s => s.EndedAt).HasFilter("ended_at IS NOT NULL");
        session.HasOne<User>().WithMany().HasForeignKey(s => s.UserId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<UpstreamSession> upstream)
    {
        upstream.ToTable("upstream_sessions");
        upstream.HasKey(u => new { u.OrganizationId, u.ConnectionId, u.SessionId });
        upstream.Property(u => u.NameIdHash).HasMaxLength(64);
        upstream.Property(u => u.SessionIndex).HasMaxLength(UpstreamSession.MaxIndexLength);
        upstream.HasOne<Connection>().WithMany().HasForeignKey(u => new { u.OrganizationId, u.ConnectionId }).OnDelete(DeleteBehavior.Cascade);
        upstream.HasOne<Session>().WithMany().HasForeignKey(u => u.SessionId).OnDelete(DeleteBehavior.Cascade);
        upstream.HasIndex(u => new { u.ConnectionId, u.NameIdHash });
    }
}
