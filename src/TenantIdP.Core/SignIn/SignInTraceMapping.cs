using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.SignIn;

internal sealed class SignInTraceMapping : IEntityTypeConfiguration<SignInTrace>
{
    public void Configure(EntityTypeBuilder<SignInTrace> trace)
    {
        // No foreign key to the connection: why it failed is wanted after it was deleted, too.
        trace.ToTable("sign_in_traces");
        trace.HasKey(t => new { t.OrganizationId, t.Id });
        trace.Property(t => t.TraceId).HasMaxLength(64);
        trace.Property(t => t.Code).HasMaxLength(64);
        trace.Property(t => t.Summary).HasMaxLength(1024);
        trace.Property(t => t.Steps).HasJsonText();
        trace.HasOne<Organization>().WithMany().HasForeignKey(t => t.OrganizationId).OnDelete(DeleteBehavior.Cascade);
        trace.HasIndex(t => new { t.OrganizationId, t.ConnectionId, t.Id });
        trace.HasIndex(t => t.TraceId);
        trace.HasIndex(t => t.ExpiresAt);
    }
}
