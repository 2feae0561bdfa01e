using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Core.Tokens;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Webhooks;
using TenantIdP.Testing.Stores;

namespace TenantIdP.Tests.Webhooks;

/// <summary>A node with the use cases of webhooks, a clock that the test moves, and no network.</summary>
internal sealed class WebhookNode : IWebhookAddresses
{
    private readonly ServiceProvider node;

    public WebhookNode(TestStore store) => node = store.NewNode(configure: services =>
    {
        services.AddSingleton<TimeProvider>(Clock);
        services.AddSingleton<IWebhookAddresses>(this);
        services.AddScoped<ActorContext>();
        services.AddScoped<EventLog>();
        services.AddScoped<Leases>();
        services.AddScoped<EventSealer>();
        services.AddScoped<OutboxClaims>();
        services.AddScoped<Pruning>();
        services.AddSingleton<IGrantRevoker, Management.TestRevoker>();
        services.AddScoped<WebhookOwners>();
        services.AddScoped<WebhookBacklog>();
        services.AddScoped<WebhookEvents>();
        services.AddScoped<WebhookFanOut>();
        services.AddScoped<WebhookService>();
        services.AddScoped<WebhookTurns>();
        services.AddScoped<Tallies>();
        services.AddScoped<WebhookDeliveries>();
    });

    public FakeTimeProvider Clock { get; } = new(TimeProvider.System.GetUtcNow());

    public SecretBox Box => node.GetRequiredService<SecretBox>();

    public bool MayCall(Uri url) => true;

    public async Task<T> UseAsync<TService, T>(Func<TService, Task<T>> use, Id<Organization>? organization = null) where TService : notnull
    {
        await using var scope = node.CreateAsyncScope();
        if (organization is { } id) scope.ServiceProvider.GetRequiredService<IdpDbContext>().EnterOrganization(id);
        return await use(scope.ServiceProvider.GetRequiredService<TService>());
    }

    public async Task<Id<WebhookEndpoint>> NewEndpointAsync(Id<Organization> owner, CancellationToken ct, params string[] types)
    {
        var made = await UseAsync<WebhookService, Result<MadeWebhook>>(
            s => s.CreateAsync(owner, new WebhookSettings($"https://{Management.ManagementHost.Unique("hooks")}.example.com/", null, types.Length == 0 ? ["*"] : types), Granter.Instance, ct), owner == Organization.Instance ? null : owner);
        return made.IsOk ? made.Value.Endpoint.Id : throw new InvalidOperationException(made.Error.Code);
    }

    public Task<WebhookEndpoint> FindAsync(Id<Organization> owner, Id<WebhookEndpoint> id, CancellationToken ct) =>
        UseAsync<WebhookService, WebhookEndpoint>(async s => (await s.FindAsync(owner, id, ct)).Value!, owner); // it is there

    public async Task RecordAsync(Id<Organization> organization, CancellationToken ct, params string[] targets)
    {
        await using var scope = node.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
        if (organization != Organization.Instance) db.EnterOrganization(organization);
        foreach (var target in targets) scope.ServiceProvider.GetRequiredService<EventLog>().Record(EventTypes.MemberJoined, organization, target);
        await db.SaveChangesAsync(ct);
    }

    public Task<int> SealAsync(CancellationToken ct) => UseAsync<EventSealer, int>(s => s.SealAsync(ct));
}
