using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Apps;

internal sealed class AppConsentMapping : IEntityTypeConfiguration<AppConsent>
{
    public void Configure(EntityTypeBuilder<AppConsent> consent)
    {
        consent.ToTable("app_consents");
        consent.HasKey(c => new { c.UserId, c.AppId });
        consent.Property(c => c.AppName).HasMaxLength(DisplayName.MaxLength);
        consent.Property(c => c.Scopes).HasJsonText();
        consent.Property(c => c.Apis).HasJsonText();
        consent.HasOne<User>().WithMany().HasForeignKey(c => c.UserId).OnDelete(DeleteBehavior.Cascade);
        consent.HasIndex(c => c.AppId);
    }
}
