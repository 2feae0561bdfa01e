using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Directories;

internal sealed class DirectoryMapping : IEntityTypeConfiguration<OrganizationDirectory>, IEntityTypeConfiguration<DirectoryToken>, IEntityTypeConfiguration<DirectoryLogEntry>
{
    public void Configure(EntityTypeBuilder<OrganizationDirectory> directory)
    {
        directory.ToTable("directories");
        directory.HasKey(d => new { d.OrganizationId, d.Id });
        directory.Property(d => d.DisplayName).HasMaxLength(DisplayName.MaxLength);
        directory.Property(d => d.DefaultRoleKey).HasMaxLength(63);
        directory.Property(d => d.CustomAttributes).HasJsonText().HasDefaultValueSql("'[]'");
        directory.Ignore(d => d.Settings);
        directory.HasOne<Organization>().WithMany().HasForeignKey(d => d.OrganizationId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<DirectoryToken> token)
    {
        token.ToTable("directory_tokens");
        token.HasKey(t => new { t.OrganizationId, t.Id });
        token.Property(t => t.Hash).HasMaxLength(64);
        token.Property(t => t.Prefix).HasMaxLength(64);
        token.Property(t => t.CreatedBy).HasMaxLength(64);
        token.HasOne<OrganizationDirectory>().WithMany().HasForeignKey(t => new { t.OrganizationId, t.DirectoryId }).OnDelete(DeleteBehavior.Cascade);

        // A request brings the token and nothing else that is believed.
        token.HasIndex(t => t.Id).IsUnique();
    }

    public void Configure(EntityTypeBuilder<DirectoryLogEntry> entry)
    {
        entry.ToTable("directory_log");
        entry.HasKey(e => new { e.OrganizationId, e.Id });
        entry.Property(e => e.Operation).HasMaxLength(DirectoryLogEntry.MaxName);
        entry.Property(e => e.ResourceType).HasMaxLength(DirectoryLogEntry.MaxName);
        entry.Property(e => e.ResourceId).HasMaxLength(DirectoryLogEntry.MaxId);
        entry.Property(e => e.ScimType).HasMaxLength(DirectoryLogEntry.MaxName);
        entry.Property(e => e.Detail).HasMaxLength(DirectoryLogEntry.MaxDetail);
        entry.Property(e => e.TraceId).HasMaxLength(DirectoryLogEntry.MaxId);
        entry.Property(e => e.Request).HasMaxLength(DirectoryLogEntry.MaxRequest);
        entry.HasOne<OrganizationDirectory>().WithMany().HasForeignKey(e => new { e.OrganizationId, e.DirectoryId }).OnDelete(DeleteBehavior.Cascade);

        // Read from its end, one directory at a time, often for one resource.
        entry.HasIndex(e => new { e.OrganizationId, e.DirectoryId, e.Id });
        entry.HasIndex(e => new { e.OrganizationId, e.DirectoryId, e.ResourceId, e.Id });
        entry.HasIndex(e => e.At);
    }
}
