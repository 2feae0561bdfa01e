using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Background;
using TenantIdP.Testing.Stores;

namespace TenantIdP.Tests.Outbox;

public sealed record Told(string Text);

/// <summary>Messages of a kind that no other test has, a clock that stands still, and any number of nodes that deliver them to one receiver.</summary>
internal sealed class OutboxScene
{
    private readonly TestStore store;
    private readonly List<ServiceProvider> nodes = [];

    public OutboxScene(TestStore store, params TimeSpan[] delays)
    {
        this.store = store;
        Kind = "test" + Convert.ToHexStringLower(Guid.CreateVersion7().ToByteArray()[^6..]);
        Schedule = new OutboxSchedule(delays.Length == 0 ? [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10)] : delays);
    }

    public string Kind { get; }

    public OutboxSchedule Schedule { get; }

    /// <summary>Organizations choose where its messages go.</summary>
    public bool IsToChosenAddress { get; init; }

    public OutboxKind OutboxKind => new(Kind, TimeSpan.FromSeconds(30), Schedule) { IsToChosenAddress = IsToChosenAddress };

    public FakeTimeProvider Clock { get; } = new(TimeProvider.System.GetUtcNow());

    /// <summary>What arrived, in order: the id and the text.</summary>
    public ConcurrentQueue<(Id<OutboxMessage> Id, string Text)> Arrived { get; } = new();

    /// <summary>What the receiver does with a message; takes it unless told otherwise.</summary>
    public Func<OutboxMessage, string, CancellationToken, Task<OutboxOutcome>> Receive { get; set; } = (_, _, _) => Task.FromResult<OutboxOutcome>(new OutboxOutcome.Delivered());

    public string[] Texts => [.. Arrived.Select(a => a.Text)];

    private ServiceProvider Node => nodes.Count > 0 ? nodes[0] : NewNode();

    public OutboxDrainer NewDrainer()
    {
        var node = NewNode();
        var route = new OutboxRoute(OutboxKind, async (scope, message, ct) =>
        {
            var text = message.Read<Told>(scope.GetRequiredService<SecretBox>()).Text;
            Arrived.Enqueue((message.Id, text));
            return await Receive(message, text, ct);
        });
        return new OutboxDrainer(node.GetRequiredService<IServiceScopeFactory>(), [route], node.GetRequiredService<OutboxSignal>(), Clock, NullLogger<OutboxDrainer>.Instance);
    }

    public Task<OutboxMessage> AddAsync(string text, CancellationToken ct, string key = "k", string? destination = null, Func<NewOutboxMessage, NewOutboxMessage>? change = null) =>
        UseAsync<IdpDbContext, OutboxMessage>(async (db, scope) =>
        {
            var wanted = new NewOutboxMessage(Kind, $"{Kind}:{key}", destination ?? $"{Kind}:{key}", new Told(text));
            wanted = change?.Invoke(wanted) ?? wanted;
            if (wanted.Organization != Organization.Instance) db.EnterOrganization(wanted.Organization);
            var message = scope.GetRequiredService<OutboxWriter>().Add(wanted);
            await db.SaveChangesAsync(ct);
            return message;
        });

    public async Task<T> UseAsync<TService, T>(Func<TService, IServiceProvider, Task<T>> use) where TService : notnull
    {
        await using var scope = Node.CreateAsyncScope();
        return await use(scope.ServiceProvider.GetRequiredService<TService>(), scope.ServiceProvider);
    }

    /// <summary>As it is stored, oldest first.</summary>
    public Task<List<OutboxMessage>> RowsAsync(CancellationToken ct) => UseAsync<IdpDbContext, List<OutboxMessage>>((db, _) =>
        db.OutboxMessages.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().Where(m => m.Kind == Kind).OrderBy(m => m.Sequence).ToListAsync(ct));

    public async Task<OutboxMessage> RowAsync(Id<OutboxMessage> id, CancellationToken ct) => (await RowsAsync(ct)).Single(m => m.Id == id);

    public Task<Result<OutboxMessage>> ReplayAsync(Id<OutboxMessage> id, CancellationToken ct) => UseAsync<OutboxService, Result<OutboxMessage>>((outbox, _) => outbox.ReplayAsync(id, ct));

    /// <summary>Takes messages as a node does that dies before it knows how their delivery ended.</summary>
    public Task<IReadOnlyList<OutboxMessage>> ClaimAndDieAsync(CancellationToken ct) =>
        UseAsync<OutboxClaims, IReadOnlyList<OutboxMessage>>((claims, _) => claims.ClaimAsync("dead", new OutboxRoom([OutboxKind], OutboxDrainer.Parallel, []), ct));

    private ServiceProvider NewNode()
    {
        var node = store.NewNode(configure: services =>
        {
            services.AddSingleton<TimeProvider>(Clock);
            services.AddScoped<ActorContext>();
            services.AddScoped<EventLog>();
            services.AddScoped<OutboxClaims>();
            services.AddScoped<OutboxService>();
            services.AddScoped<Pruning>();
            services.AddSingleton<IGrantRevoker, Management.TestRevoker>();
        });
        nodes.Add(node);
        return node;
    }
}
