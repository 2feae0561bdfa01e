namespace TenantIdP.Demo.Scim;

/// <summary>One thing that the directory was told to do.</summary>
internal sealed class ScimRun(string title, ScimDialect dialect, DateTimeOffset startedAt)
{
    private readonly Lock turn = new();
    private readonly List<ScimExchange> exchanges = [];
    private volatile bool isDone;

    public string Title => title;

    public ScimDialect Dialect => dialect;

    public DateTimeOffset StartedAt => startedAt;

    public bool IsDone => isDone;

    /// <summary>So far.</summary>
    public IReadOnlyList<ScimExchange> Exchanges
    {
        get
        {
            lock (turn) return [.. exchanges];
        }
    }

    public void Add(ScimExchange exchange)
    {
        lock (turn) exchanges.Add(exchange);
    }

    public void End() => isDone = true;
}

/// <summary>The directory of the demo's customer at work: one run at a time, the latest of them kept to be looked at. Who is removed is remembered as long as the demo runs.</summary>
internal sealed class ScimRuns(ScimClient client, TimeProvider clock) : IAsyncDisposable
{
    private const int Kept = 5;

    private readonly Lock turn = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly HashSet<string> removed = [];
    private readonly LinkedList<ScimRun> latest = new();
    private Task running = Task.CompletedTask;

    public ScimRun? Latest
    {
        get
        {
            lock (turn) return latest.First?.Value;
        }
    }

    public bool IsRemoved(SourcePerson person)
    {
        lock (turn) return removed.Contains(person.Key);
    }

    public void Push(ScimDialect dialect) => Start($"Push everybody as {dialect.Name}", dialect, sync => sync.PushAsync(person => !IsRemoved(person), stopping.Token), null);

    public void Remove(ScimDialect dialect, SourcePerson person) =>
        Start($"Remove {person.Name} as {dialect.Name}", dialect, sync => sync.RemoveAsync(person, stopping.Token), () => removed.Add(person.Key));

    public void BringBack(ScimDialect dialect, SourcePerson person) =>
        Start($"Bring {person.Name} back as {dialect.Name}", dialect, sync => sync.BringBackAsync(person, stopping.Token), () => removed.Remove(person.Key));

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        stopping.Dispose();
    }

    /// <summary>Nothing happens while another run is under way.</summary>
    private void Start(string title, ScimDialect dialect, Func<ScimSync, Task> work, Action? note)
    {
        lock (turn)
        {
            if (!running.IsCompleted) return;
            note?.Invoke();
            var run = new ScimRun(title, dialect, clock.GetUtcNow());
            latest.AddFirst(run);
            if (latest.Count > Kept) latest.RemoveLast();
            running = Task.Run(() => RunAsync(run, work));
        }
    }

    private async Task RunAsync(ScimRun run, Func<ScimSync, Task> work)
    {
        try
        {
            await work(new ScimSync(client, run.Dialect, run.Add));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The demo ends.
        }
        finally
        {
            run.End();
        }
    }
}
