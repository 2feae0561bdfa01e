using Microsoft.Extensions.DependencyInjection.Extensions;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Webhooks;
using TenantIdP.Server.Background;

namespace TenantIdP.Server.Webhooks;

/// <summary>Webhooks: the use cases, the client that posts, and the handler of the outbox.</summary>
public static class WebhookComposition
{
    /// <summary>Needs the store, the events, <see cref="Leases"/> and the guarded client. The fan-out is the sealer's.</summary>
    public static void AddWebhooks(this IServiceCollection services)
    {
        services.AddScoped<WebhookOwners>();
        services.TryAddScoped<Tallies>();
        services.AddScoped<WebhookBacklog>();
        services.AddScoped<WebhookEvents>();
        services.AddScoped<WebhookFanOut>();
        services.AddScoped<WebhookService>();
        services.AddScoped<WebhookDeliveries>();
        services.AddScoped<WebhookTurns>();
        services.AddSingleton<WebhookBody>();
        services.AddSingleton<WebhookTransport>();
        services.AddSingleton<IWebhookAddresses>(provider => provider.GetRequiredService<WebhookTransport>());
        services.AddScoped<WebhookPosting>();
        services.AddOutboxHandler<WebhookHandler>();
    }
}
