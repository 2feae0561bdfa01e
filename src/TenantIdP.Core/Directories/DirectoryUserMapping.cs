using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;

namespace TenantIdP.Core.Directories;

internal sealed class DirectoryUserMapping : IEntityTypeConfiguration<DirectoryUser>, IEntityTypeConfiguration<DirectoryUserEmail>
{
    /// <summary>What SQLite calls it, too: by its columns.</summary>
    internal const string UserNameIndex = "ux_directory_users_organization_id_directory_id_user_name_key";

    internal const string ExternalIdIndex = "ux_directory_users_organization_id_directory_id_external_id";

    public void Configure(EntityTypeBuilder<DirectoryUser> user)
    {
        user.ToTable("directory_users");
        user.HasKey(u => new { u.OrganizationId, u.Id });
        user.Property(u => u.UserName).HasMaxLength(DirectoryUserFacts.MaxNameLength);
        user.Property(u => u.UserNameKey).HasMaxLength(DirectoryUserFacts.MaxNameLength);
        user.Property(u => u.ExternalId).HasMaxLength(DirectoryUserFacts.MaxNameLength);
        user.Property(u => u.PrimaryEmail).HasMaxLength(EmailAddress.MaxLength);
        user.Property(u => u.PrimaryEmailKey).HasMaxLength(EmailAddress.MaxLength);
        user.Property(u => u.DisplayName).HasMaxLength(DisplayName.MaxLength);
        user.Property(u => u.GivenName).HasMaxLength(DisplayName.MaxLength);
        user.Property(u => u.FamilyName).HasMaxLength(DisplayName.MaxLength);
        user.Ignore(u => u.IsLive);
        user.Ignore(u => u.Stands);
        user.HasOne<OrganizationDirectory>().WithMany().HasForeignKey(u => new { u.OrganizationId, u.DirectoryId }).OnDelete(DeleteBehavior.Cascade);
        user.HasOne<Membership>().WithMany().HasForeignKey(u => new { u.OrganizationId, u.MembershipId }).OnDelete(DeleteBehavior.Cascade);
        user.HasMany(u => u.Emails).WithOne().HasForeignKey(e => new { e.OrganizationId, e.DirectoryUserId }).OnDelete(DeleteBehavior.Cascade);
        user.Navigation(u => u.Emails).UsePropertyAccessMode(PropertyAccessMode.Field);

        // Of twenty equal requests the database lets one through. A name that was deleted is free again.
        user.HasIndex(u => new { u.OrganizationId, u.DirectoryId, u.UserNameKey }, UserNameIndex).IsUnique().HasFilter("deleted_at IS NULL");
        user.HasIndex(u => new { u.OrganizationId, u.DirectoryId, u.ExternalId }, ExternalIdIndex).IsUnique().HasFilter("deleted_at IS NULL AND external_id IS NOT NULL");

        // A tombstone is found by either, and a list is a walk along the ids of one directory.
        user.HasIndex(u => new { u.OrganizationId, u.DirectoryId, u.UserNameKey }, "ix_directory_users_deleted_user_name").HasFilter("deleted_at IS NOT NULL");
        user.HasIndex(u => new { u.OrganizationId, u.DirectoryId, u.ExternalId }, "ix_directory_users_deleted_external_id").HasFilter("deleted_at IS NOT NULL");
        user.HasIndex(u => new { u.OrganizationId, u.DirectoryId, u.PrimaryEmailKey }, "ix_directory_users_primary_email");
        user.HasIndex(u => new { u.OrganizationId, u.DirectoryId, u.Id }, "ix_directory_users_list").HasFilter("deleted_at IS NULL");
    }

    public void Configure(EntityTypeBuilder<DirectoryUserEmail> email)
    {
        email.ToTable("directory_user_emails");
        email.HasKey(e => new { e.OrganizationId, e.DirectoryUserId, e.ValueKey });
        email.Property(e => e.ValueKey).HasMaxLength(DirectoryUserFacts.MaxEmailLength);
        email.HasIndex(e => new { e.OrganizationId, e.ValueKey });
    }
}
