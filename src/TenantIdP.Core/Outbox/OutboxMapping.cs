using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace TenantIdP.Core.Outbox;

internal sealed class OutboxMapping : IEntityTypeConfiguration<OutboxMessage>
{
    private const string Pending = "state = 'Pending'";

    public void Configure(EntityTypeBuilder<OutboxMessage> message)
    {
        // No foreign key: what ends with an organization is still told.
        message.ToTable("outbox_messages");
        message.HasKey(m => new { m.OrganizationId, m.Id });
        message.Property(m => m.Kind).HasMaxLength(OutboxMessage.MaxKindLength);
        message.Property(m => m.OrderingKey).HasMaxLength(OutboxMessage.MaxKeyLength);
        message.Property(m => m.Destination).HasMaxLength(OutboxMessage.MaxDestinationLength);
        message.Property(m => m.LastError).HasMaxLength(OutboxMessage.MaxErrorLength);
        message.Property(m => m.ClaimedBy).HasMaxLength(64);

        // A look that finds nothing touches the end of the first one only; the second finds the oldest of a key however many wait behind it.
        message.HasIndex(m => m.DueAt, "ix_outbox_due").HasFilter(Pending);
        message.HasIndex(m => new { m.OrderingKey, m.Sequence, m.Id }, "ix_outbox_order").HasFilter(Pending);
        message.HasIndex(m => new { m.State, m.Id });
        message.HasIndex(m => m.ExpiresAt).HasFilter("expires_at IS NOT NULL");
    }
}
