using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Joining;

internal sealed class JoinRequestMapping : IEntityTypeConfiguration<JoinRequest>
{
    public void Configure(EntityTypeBuilder<JoinRequest> request)
    {
        request.ToTable("join_requests");
        request.HasKey(r => new { r.OrganizationId, r.Id });
        request.Property(r => r.Email).HasMaxLength(EmailAddress.MaxLength);
        request.HasOne<Organization>().WithMany().HasForeignKey(r => r.OrganizationId).OnDelete(DeleteBehavior.Cascade);
        request.HasOne<User>().WithMany().HasForeignKey(r => r.UserId).OnDelete(DeleteBehavior.Cascade);

        // A person asks an organization once: twice at the same moment is one request.
        request.HasIndex(r => new { r.OrganizationId, r.UserId }).IsUnique();
    }
}
