using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Invitations;

internal sealed class InvitationMapping : IEntityTypeConfiguration<Invitation>
{
    public void Configure(EntityTypeBuilder<Invitation> invitation)
    {
        invitation.ToTable("invitations");
        invitation.HasKey(i => new { i.OrganizationId, i.Id });
        invitation.Property(i => i.Address).HasMaxLength(EmailAddress.MaxLength);
        invitation.Property(i => i.Normalized).HasMaxLength(EmailAddress.MaxLength);
        invitation.Property(i => i.TokenHash).HasMaxLength(64);
        invitation.Property(i => i.Roles).HasJsonText();
        invitation.Property(i => i.Workspaces).HasJsonText();
        invitation.Property(i => i.Message).HasMaxLength(Invitation.MaxMessageLength);
        invitation.Property(i => i.Locale).HasMaxLength(UserProfile.MaxLocaleLength);
        invitation.Property(i => i.Metadata).HasConversion(metadata => metadata.Json, json => Metadata.FromStore(json)).HasDefaultValue(Metadata.Empty);
        invitation.Property(i => i.InviterId).HasMaxLength(200);
        invitation.Ignore(i => i.Inviter);
        invitation.Ignore(i => i.HasRequest);
        invitation.Ignore(i => i.IsOfDirectory);
        invitation.HasOne<Organization>().WithMany().HasForeignKey(i => i.OrganizationId).OnDelete(DeleteBehavior.Cascade);

        // One offer to one mailbox at a time. Two at once: the database decides, InvitationService finds the other's.
        invitation.HasIndex(i => new { i.OrganizationId, i.Normalized }).IsUnique().HasFilter("status = 'Pending'");

        // What the background looks for: pending ones whose time has come, and ended ones that are to be forgotten.
        invitation.HasIndex(i => i.ExpiresAt).HasFilter("status = 'Pending'");
        invitation.HasIndex(i => i.EndedAt).HasFilter("ended_at IS NOT NULL");
    }
}
