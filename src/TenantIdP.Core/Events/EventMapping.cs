using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace TenantIdP.Core.Events;

internal sealed class EventMapping : IEntityTypeConfiguration<Event>, IEntityTypeConfiguration<EventPersonalData>, IEntityTypeConfiguration<EventChain>
{
    private const string Sealed = "position IS NOT NULL";

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

        // Sealing an event that was sealed meanwhile is a lost race, not a second seal.
        recorded.Property(e => e.Position).IsConcurrencyToken();

        // Feeds walk one of these from a position on, whatever lies before it and whatever other organizations hold. What is not sealed is in none of them.
        recorded.HasIndex(e => e.Position).IsUnique();
        recorded.HasIndex(e => new { e.OrganizationId, e.Position }).HasFilter(Sealed);
        recorded.HasIndex(e => new { e.TargetId, e.Position }).HasFilter(Sealed);
        recorded.HasIndex(e => new { e.ActorId, e.Position }).HasFilter(Sealed);
        recorded.HasIndex(e => e.OccurredAt).HasFilter(Sealed);
        recorded.HasIndex(e => e.Id, "ix_events_unsealed").HasFilter("position IS NULL");
    }

    public void Configure(EntityTypeBuilder<EventPersonalData> personal)
    {
        personal.ToTable("event_personal_data");
        personal.HasKey(p => new { p.OrganizationId, p.EventId });
        personal.Property(p => p.Salt).HasMaxLength(32);
        personal.HasIndex(p => p.UserId);
        personal.HasOne<Event>().WithOne().HasForeignKey<EventPersonalData>(p => new { p.OrganizationId, p.EventId }).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<EventChain> chain)
    {
        chain.ToTable("event_chains");
        chain.HasKey(c => c.OrganizationId);
        chain.Property(c => c.Hash).HasMaxLength(64);
        chain.Property(c => c.Position).IsConcurrencyToken();
    }
}
