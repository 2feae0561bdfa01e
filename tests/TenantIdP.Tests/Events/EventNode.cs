using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Webhooks;
using TenantIdP.Testing.Stores;

namespace TenantIdP.Tests.Events;

/// <summary>A node that has the event log and nothing else.</summary>
public sealed class EventNode(TestStore store, Action<Dictionary<string, string?>>? change = null)
{
    private readonly ServiceProvider node = store.NewNode(change, configure: services =>
    {
        services.AddScoped<ActorContext>();
        services.AddScoped<EventLog>();
        services.AddScoped<Leases>();
        services.AddScoped<WebhookBacklog>();
        services.AddScoped<WebhookFanOut>();
        services.AddScoped<EventSealer>();
        services.AddScoped<EventFeed>();
        services.AddScoped<EventVerification>();
        services.AddScoped<EventErasure>();
    });

    public async Task<T> UseAsync<TService, T>(Func<TService, Task<T>> use, Id<Organization>? organization = null) where TService : notnull
    {
        await using var scope = node.CreateAsyncScope();
        if (organization is { } id) scope.ServiceProvider.GetRequiredService<IdpDbContext>().EnterOrganization(id);
        return await use(scope.ServiceProvider.GetRequiredService<TService>());
    }

    public AsyncServiceScope Open(Id<Organization> organization)
    {
        var scope = node.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<IdpDbContext>().EnterOrganization(organization);
        return scope;
    }

    public async Task RecordAsync(Id<Organization> organization, IEnumerable<string> targets, CancellationToken ct, object? personal = null, string type = EventTypes.MemberJoined)
    {
        await using var scope = node.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
        if (organization != Organization.Instance) db.EnterOrganization(organization);
        foreach (var batch in targets.Chunk(500))
        {
            foreach (var target in batch) scope.ServiceProvider.GetRequiredService<EventLog>().Record(type, organization, target, new { target }, personal);
            await db.SaveChangesAsync(ct);
            db.ChangeTracker.Clear();
        }
    }

    public Task<int> SealAsync(CancellationToken ct) => UseAsync<EventSealer, int>(s => s.SealAsync(ct));

    public async Task<EventPage> PageAsync(string? after, CancellationToken ct, EventFilter? filter = null, int limit = 200, Id<Organization>? organization = null)
    {
        var page = await UseAsync<EventFeed, Result<EventPage>>(
            f => organization is { } id ? f.ListAsync(id, filter ?? new(), new PageRequest(limit, after), ct) : f.ListAllAsync(null, filter ?? new(), new PageRequest(limit, after), ct), organization);
        return page.IsOk ? page.Value : throw new InvalidOperationException(page.Error.Code);
    }

    /// <summary>From a cursor on to the end.</summary>
    public async Task<(List<SealedEvent> Events, string Next)> ReadAsync(string? after, CancellationToken ct, EventFilter? filter = null, int limit = 200, Id<Organization>? organization = null)
    {
        var events = new List<SealedEvent>();
        while (true)
        {
            var page = await PageAsync(after, ct, filter, limit, organization);
            events.AddRange(page.Items);
            after = page.Next;
            if (!page.More) return (events, after);
        }
    }

    public Task<ChainReport> VerifyAsync(Id<Organization> organization, CancellationToken ct) => UseAsync<EventVerification, ChainReport>(async verification =>
    {
        await foreach (var report in verification.VerifyAsync(organization, ct)) return report;
        throw new InvalidOperationException("No report.");
    });

    /// <summary>As this node's database user may, past everything that is ours.</summary>
    public Task<int> ExecuteAsync(string sql, CancellationToken ct) => UseAsync<IdpDbContext, int>(db => db.Database.ExecuteSqlRawAsync(sql, ct));

    public Task<bool> IsPostgreSqlAsync() => UseAsync<IdpDbContext, bool>(db => Task.FromResult(db.Database.IsNpgsql()));

    public static string[] Targets(string stem, int count) => [.. Enumerable.Range(0, count).Select(i => $"{stem}-{i}")];
}
