using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Webhooks;

internal sealed class WebhookMapping : IEntityTypeConfiguration<WebhookEndpoint>, IEntityTypeConfiguration<WebhookDelivery>
{
    public void Configure(EntityTypeBuilder<WebhookEndpoint> endpoint)
    {
        // No foreign key to the organization: the instance, which has endpoints too, is none. A purge empties the table of its own.
        endpoint.ToTable("webhook_endpoints");
        endpoint.HasKey(w => new { w.OrganizationId, w.Id });
        endpoint.Property(w => w.Url).HasMaxLength(WebhookEndpoint.MaxUrl);
        endpoint.Property(w => w.Description).HasMaxLength(DisplayName.MaxLength);
        endpoint.Property(w => w.EventTypes).HasJsonText();
        endpoint.Property(w => w.Secrets).HasJsonText();
        endpoint.Property(w => w.DisabledBy).HasMaxLength(64);
        endpoint.Ignore(w => w.Host);

        // Asked once with each batch of events that is sealed.
        endpoint.HasIndex(w => w.OrganizationId, "ix_webhook_endpoints_enabled").HasFilter("status = 'Enabled'");
    }

    public void Configure(EntityTypeBuilder<WebhookDelivery> delivery)
    {
        delivery.ToTable("webhook_deliveries");
        delivery.HasKey(d => new { d.OrganizationId, d.Id });
        delivery.Property(d => d.WebhookId).HasMaxLength(64);
        delivery.Property(d => d.EventType).HasMaxLength(64);
        delivery.Property(d => d.Request).HasMaxLength(WebhookDelivery.MaxRequest);
        delivery.Property(d => d.Response).HasMaxLength(WebhookDelivery.MaxResponse);
        delivery.Ignore(d => d.Arrived);
        delivery.HasOne<WebhookEndpoint>().WithMany().HasForeignKey(d => new { d.OrganizationId, d.EndpointId }).OnDelete(DeleteBehavior.Cascade);
        delivery.HasIndex(d => new { d.OrganizationId, d.EndpointId, d.Id });
        delivery.HasIndex(d => d.At);
    }
}
