using System.Collections.Concurrent;
using System.Security.Cryptography;
using TenantIdP.Core.Outbox;

namespace TenantIdP.Server.Background;

/// <summary>Where the messages of one kind go.</summary>
/// <param name="Deliver">By a handler of the scope that is given.</param>
public sealed record OutboxRoute(OutboxKind Kind, Func<IServiceProvider, OutboxMessage, CancellationToken, Task<OutboxOutcome>> Deliver)
{
    public static OutboxRoute To<T>() where T : IOutboxHandler => new(T.Kind, (scope, message, ct) => scope.GetRequiredService<T>().DeliverAsync(message, ct));
}

/// <summary>
/// Delivers messages on this node, beside every other node that does so: at once when one was written here, within a second when elsewhere. A look that finds nothing is one
/// statement that reads. What hangs holds up its own key only, and takes no more of the <see cref="Parallel"/> deliveries than <see cref="OutboxRoom"/> says.
/// </summary>
public sealed class OutboxDrainer(IServiceScopeFactory scopes, IEnumerable<OutboxRoute> routes, OutboxSignal signal, TimeProvider clock, ILogger<OutboxDrainer> logger) : BackgroundService
{
    /// <summary>Deliveries that run at once on one node.</summary>
    public const int Parallel = 16;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RecordLimit = TimeSpan.FromSeconds(5);

    private readonly string node = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
    private readonly Dictionary<string, OutboxRoute> routes = routes.ToDictionary(r => r.Kind.Name);
    private readonly ConcurrentDictionary<OutboxMessage, Task> running = new(ReferenceEqualityComparer.Instance);

    /// <summary>Takes what is due and what there is room for, and begins to deliver it.</summary>
    /// <returns>How many deliveries it began.</returns>
    public async Task<int> LookAsync(CancellationToken ct)
    {
        if (running.Count >= Parallel || routes.Count == 0) return 0;
        var room = new OutboxRoom([.. routes.Values.Select(r => r.Kind)], Parallel, [.. running.Keys.Select(m => new OutboxRunning(m.Kind, m.Destination, m.OrganizationId))]);
        IReadOnlyList<OutboxMessage> claimed;
        await using (var scope = scopes.CreateAsyncScope())
        {
            claimed = await scope.ServiceProvider.GetRequiredService<OutboxClaims>().ClaimAsync(node, room, ct);
        }

        foreach (var message in claimed)
        {
            // Known as running before it can end.
            var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            running[message] = DeliverAsync(message, begun.Task, ct);
            begun.SetResult();
        }

        return claimed.Count;
    }

    /// <summary>Looks until nothing is due and nothing runs.</summary>
    public async Task DrainAsync(CancellationToken ct)
    {
        while (await LookAsync(ct) > 0 || !running.IsEmpty) await Task.WhenAll(running.Values);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await signal.WaitAsync(LookEvery, stoppingToken);
                while (await LookAsync(stoppingToken) > 0)
                {
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failure)
            {
                // The database may be away; the next look tries again.
                Log.OutboxLookFailed(logger, failure);
                await PauseAsync(stoppingToken);
            }
        }

        // Each one ends by the token that has just ended, and gives its message back.
        await Task.WhenAll(running.Values);
    }

    private async Task DeliverAsync(OutboxMessage message, Task begun, CancellationToken ct)
    {
        await begun;
        try
        {
            var route = routes[message.Kind];
            var outcome = await TryAsync(message, route, ct);
            using var limit = new CancellationTokenSource(RecordLimit);
            await using var scope = scopes.CreateAsyncScope();
            var state = await scope.ServiceProvider.GetRequiredService<OutboxClaims>().RecordAsync(message, outcome, route.Kind.Schedule, limit.Token);
            if (state == OutboxState.Dead) Log.OutboxMessageDead(logger, message.Kind, message.Id.ToString(), message.Attempts);
        }
        catch (Exception failure)
        {
            // Nobody knows how it ended: it is delivered again, under the same id, when the claim has run out.
            Log.OutboxOutcomeLost(logger, message.Id.ToString(), failure);
        }
        finally
        {
            running.TryRemove(message, out _);
            signal.Tell();
        }
    }

    private async Task<OutboxOutcome> TryAsync(OutboxMessage message, OutboxRoute route, CancellationToken ct)
    {
        // Its tries ended with the process each time, so that no outcome was ever recorded.
        if (message.Attempts > route.Kind.Schedule.Tries) return new OutboxOutcome.Dead("Deliveries were begun as often as they may be, and none came to an end.");
        using var limit = new CancellationTokenSource(route.Kind.Timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            // One that doesn't listen to its token is left to itself.
            return await route.Deliver(scope.ServiceProvider, message, either.Token).WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return new OutboxOutcome.Interrupted();
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return new OutboxOutcome.Retry($"No answer in {route.Kind.Timeout.TotalSeconds:0} seconds.");
        }
        catch (Exception failure)
        {
            Log.OutboxDeliveryFailed(logger, message.Kind, message.Id.ToString(), failure);
            return new OutboxOutcome.Retry(failure.GetType().Name);
        }
    }

    private static async Task PauseAsync(CancellationToken ct)
    {
        try
        {
            await Task.Delay(LookEvery, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The host is stopping.
        }
    }
}
