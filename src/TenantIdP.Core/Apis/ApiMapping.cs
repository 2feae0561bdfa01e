using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Apis;

internal sealed class ApiMapping : IEntityTypeConfiguration<Api>
{
    public void Configure(EntityTypeBuilder<Api> api)
    {
        api.ToTable("apis");
        api.HasKey(a => a.Id);
        api.Property(a => a.Identifier).HasMaxLength(200);
        api.Property(a => a.DisplayName).HasMaxLength(DisplayName.MaxLength);
        api.Property(a => a.Scopes).HasJsonText();
        api.Property(a => a.Permissions).HasJsonText();
        api.Property(a => a.SigningAlgorithm).HasMaxLength(8);
        api.HasIndex(a => a.Identifier).IsUnique();
    }
}
