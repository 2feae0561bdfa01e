using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace TenantIdP.Core.Events;

internal sealed class EventMapping : IEntityTypeConfiguration<Event>, IEntityTypeConfiguration<EventPersonalData>
{
    public void Configure(EntityTypeBuilder<Event> recorded)
    {
        // No foreign keys: events outlive what they speak of.
        recorded.ToTable("events");
        recorded.HasKey(e => new { e.OrganizationId, e.Id });
        recorded.Property(e => e.Type).HasMaxLength(64);
        recorded.Property(e => e.ActorId).HasMaxLength(64);
        recorded.Property(e => e.TargetId).HasMaxLength(128);
        recorded.Property(e => e.TraceId).HasMaxLength(64);
        recorded.Property(e => e.PersonalHash).HasMaxLength(64);
        recorded.Property(e => e.Hash).HasMaxLength(64);
        recorded.HasIndex(e => e.Position).IsUnique();
        recorded.HasIndex(e => e.Id, "ix_events_unsealed").HasFilter("position IS NULL");
    }

    public void Configure(EntityTypeBuilder<EventPersonalData> personal)
    {
        personal.ToTable("event_personal_data");
        personal.HasKey(p => new { p.OrganizationId, p.EventId });
        personal.Property(p => p.Salt).HasMaxLength(32);
        personal.HasOne<Event>().WithOne().HasForeignKey<EventPersonalData>(p => new { p.OrganizationId, p.EventId }).OnDelete(DeleteBehavior.Cascade);
    }
}
