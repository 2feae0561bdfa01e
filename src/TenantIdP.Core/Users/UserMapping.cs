using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Users;

internal sealed class UserMapping : IEntityTypeConfiguration<User>, IEntityTypeConfiguration<UserEmail>, IEntityTypeConfiguration<UserIdentity>, IEntityTypeConfiguration<LocalCredential>,
    IEntityTypeConfiguration<PasswordAttempts>
{
    public void Configure(EntityTypeBuilder<User> user)
    {
        user.ToTable("users");
        user.HasKey(u => u.Id);
        user.Property(u => u.Name).HasMaxLength(DisplayName.MaxLength);
        user.Property(u => u.GivenName).HasMaxLength(DisplayName.MaxLength);
        user.Property(u => u.FamilyName).HasMaxLength(DisplayName.MaxLength);
        user.Property(u => u.ExternalId).HasMaxLength(User.MaxExternalIdLength);
        user.Property(u => u.Picture).HasMaxLength(UserProfile.MaxPictureLength);
        user.Property(u => u.PhoneNumber).HasMaxLength(UserProfile.MaxPhoneLength);
        user.Property(u => u.Locale).HasMaxLength(UserProfile.MaxLocaleLength);
        user.Property(u => u.ZoneInfo).HasMaxLength(UserProfile.MaxZoneInfoLength);
        user.Property(u => u.Metadata).HasConversion(metadata => metadata.Json, json => Metadata.FromStore(json)).HasDefaultValue(Metadata.Empty);
        user.Ignore(u => u.PrimaryEmail);
        user.Ignore(u => u.Profile);
        user.Ignore(u => u.IsEnded);
        user.HasIndex(u => u.ExternalId).IsUnique();
        user.HasIndex(u => u.MergedInto).HasFilter("merged_into IS NOT NULL");
        user.HasMany(u => u.Emails).WithOne().HasForeignKey(e => e.UserId).OnDelete(DeleteBehavior.Cascade);
        user.Navigation(u => u.Emails).UsePropertyAccessMode(PropertyAccessMode.Field);
    }

    public void Configure(EntityTypeBuilder<UserEmail> email)
    {
        email.ToTable("user_emails");
        email.HasKey(e => e.Id);
        email.Property(e => e.Address).HasMaxLength(EmailAddress.MaxLength);
        email.Property(e => e.Normalized).HasMaxLength(EmailAddress.MaxLength);

        // Anyone may type an address; one account may own it. Only verified ones are unique, so that a squatter blocks nobody.
        email.HasIndex(e => e.Normalized, "ux_user_emails_normalized").IsUnique().HasFilter("verified_at IS NOT NULL");
        email.HasIndex(e => new { e.UserId, e.Normalized }).IsUnique();
        email.HasIndex(e => e.Normalized, "ix_user_emails_lookup");
    }

    public void Configure(EntityTypeBuilder<UserIdentity> identity)
    {
        identity.ToTable("user_identities");
        identity.HasKey(i => i.Id);
        identity.Property(i => i.Issuer).HasMaxLength(Connection.MaxIssuerLength);
        identity.Property(i => i.Subject).HasMaxLength(UserIdentity.MaxSubjectLength);
        identity.Property(i => i.LinkedBy).HasMaxLength(32);
        // A sign-in notes the use of the identity it read: when it belongs to somebody else by then, the sign-in starts again.
        identity.Property(i => i.UserId).IsConcurrencyToken();
        identity.HasOne<User>().WithMany().HasForeignKey(i => i.UserId).OnDelete(DeleteBehavior.Cascade);
        identity.HasOne<Connection>().WithMany().HasForeignKey(i => new { i.OrganizationId, i.ConnectionId }).OnDelete(DeleteBehavior.Cascade);

        // Two first sign-ins of the same person at once make one user: the database refuses the second.
        identity.HasIndex(i => new { i.ConnectionId, i.Issuer, i.Subject }).IsUnique();
    }

    public void Configure(EntityTypeBuilder<LocalCredential> credential)
    {
        credential.ToTable("local_credentials");
        credential.HasKey(c => c.UserId);
        credential.Property(c => c.PasswordHash).HasMaxLength(512);
        credential.HasOne<User>().WithOne().HasForeignKey<LocalCredential>(c => c.UserId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<PasswordAttempts> attempts)
    {
        attempts.ToTable(PasswordAttempts.Table);
        attempts.HasKey(a => new { a.UserId, a.Source });
        attempts.Property(a => a.Source).HasMaxLength(64);
        attempts.HasOne<User>().WithMany().HasForeignKey(a => a.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
